// For how long the room on held nodes may be used beside what is claimed of them, counted once: how
// many held nodes could take a share of so many GPUs for so long. An upper bound as long as nothing
// held is let go. Lives as long as a pass; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/time.h"
#include "scheduler/placement/machine.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

class HeldRoom {
 public:
  HeldRoom(const Machine& machine, const Timeline& timeline, Time now);

  [[nodiscard]] std::uint64_t nodes_for(std::size_t gpus, Millis length) const;

 private:
  // By GPUs, then ascending: the longest stay on each node that has them free.
  std::vector<std::vector<Millis>> longest_;
};

}  // namespace usine
