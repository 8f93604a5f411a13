// How many nodes could hold a share of so many GPUs for so long, counted once for all requests: an
// upper bound as long as no room grows, from which most requests are seen to have no chance. Lives
// as long as a pass; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/time.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/demand_table.h"

namespace usine {

class Headroom {
 public:
  Headroom(const Machine& machine, Time now);

  [[nodiscard]] std::uint64_t nodes_for(const DemandTable::Glance& asked, Millis length);

 private:
  // Lengths are counted in steps of a quarter of an octave at most.
  static constexpr std::size_t kSteps = 64 * 4;
  struct Row {
    bool counted = false;
    std::array<std::uint32_t, 64> open{};         // by bit of a PoolSet: nodes without a claim
    std::array<std::uint32_t, kSteps> claimed{};  // by step: nodes that are claimed no sooner
  };

  [[nodiscard]] static std::size_t step_of(Millis length);
  void count(Row& row, std::size_t gpus) const;

  const Machine& machine_;
  Time now_;
  std::vector<Row> rows_;  // by GPUs
};

}  // namespace usine
