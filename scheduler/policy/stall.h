// Whether the scheduler sleeps beside work: a job that nothing keeps from starting and that has not
// been started for a while, or one that no pass has come to while nodes are idle (B96). That is
// never right, so it raises an alarm. Looked at now and then, on a replica. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/ids.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/state.h"

namespace usine {

struct Stall {
  JobId job;
  Time since;                    // eligible, and without a decision
  std::uint32_t idle_nodes = 0;  // that it could have
  Reason said;                   // by the newest pass
};

class StallWatch {
 public:
  explicit StallWatch(Millis after) : after_(after) {}

  // What the newest pass said of a job; nullopt where none has come to it.
  using Said = std::function<std::optional<Reason>(JobId)>;

  // The stall that there is, told once for each job. Proportional to the waiting jobs and the
  // nodes.
  [[nodiscard]] std::optional<Stall> look(const State& state, const Said& said, Time now);

 private:
  Millis after_;
  std::optional<JobId> suspect_;  // of the last look
  Time suspect_since_{};
  JobId told_{};
};

}  // namespace usine
