// When a job would start, for questions: on the machine as it was at one moment, with starts kept
// for those that go first, as if every job used its whole limit and nobody submitted anything more.
// Making one looks at every node and waiting job; asking it searches the timeline once, as the
// planner does for a start that it keeps. Owned by the thread that asks; pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/kept_places.h"
#include "scheduler/policy/promise.h"
#include "scheduler/policy/reserved_claims.h"
#include "scheduler/policy/start_finder.h"
#include "scheduler/queue/priority.h"

namespace usine {

class Outlook {
 public:
  // Those that go first for which a start is kept; what waits behind them counts as if it started
  // only where it delays nobody.
  static constexpr std::size_t kAheadMax = 64;

  // `state` has a configuration; it is copied but for its jobs.
  Outlook(const State& state, Time now);
  Outlook(const Outlook&) = delete;
  Outlook& operator=(const Outlook&) = delete;

  // The state that it was made of, without jobs; what nodes have free is as it was.
  [[nodiscard]] const State& state() const { return state_; }

  // At the latest, not before `now`: of a job that waits and is eligible, or would be; a start that
  // is kept for a job of its id counts for nothing. None where no room comes by time alone.
  [[nodiscard]] std::optional<Time> start_of(const Job& job, Time now);

  // The job that its user would make by submitting that; it is not kept. Errors: as of submitting.
  [[nodiscard]] Result<Job> submitted(const std::shared_ptr<const JobRequest>& request, Time now);

 private:
  struct Ahead {
    RankKey rank;
    Promise promise;
    LimitUse use;
  };
  struct End {
    Time at;
    LimitUse use;
  };

  void take_running(const State& state);
  void promise_first(const State& state, Time now);
  [[nodiscard]] std::optional<Promise> find(const Job& job, Time now, std::size_t ahead);
  // From when on the limits on what runs at once admit one more of this.
  [[nodiscard]] std::optional<Time> admitted_from(const LimitUse& use, Time now, std::size_t ahead);
  void open(const Job& job);
  void close(const Job& job);

  State state_;
  Machine machine_;
  StartFinder finder_;
  KeptPlaces kept_;
  ReservedClaims reserved_;
  std::vector<Ahead> ahead_;  // in the order of the queue
  std::vector<End> ends_;     // of what runs and counts in limits, soonest first
};

// The first of those that wait and are eligible, in their order. Looks at every job.
[[nodiscard]] std::vector<const Job*> first_in_order(const State& state, Time now,
                                                     std::size_t most);

}  // namespace usine
