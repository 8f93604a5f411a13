// The planner: on a replica that committed events keep up to date, it decides which waiting jobs
// start now and where, and says of every other one which rule blocks it. Owned by the planner's
// thread; pure: the work limit counts units of work, not time, so that replay is exact.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"
#include "scheduler/queue/queue.h"

namespace usine {

struct PlanLimits {
  std::uint64_t jobs_considered_max = 1'000'000;  // in one pass; the rest wait with kPassLimit
};

struct Plan {
  CommitPlan proposals;
  std::map<JobId, Reason> reasons;   // of every job that waits, held ones too
  std::map<JobId, Time> estimates;   // start, where one can be said: running jobs end at their limits
};

class Planner {
 public:
  // `state` is a replica's state to begin with.
  explicit Planner(State state, PlanLimits limits = {});

  // One journal row's events, in the order of their sequence.
  void apply_row(Sequence sequence, Time time, const std::vector<Event>& events);

  // Whether anything has changed since the last plan() that could let a job start, or time has come
  // that could (a begin time).
  [[nodiscard]] bool has_work(Time now) const;

  // The earliest time at which has_work becomes true by itself; none where only an event can.
  [[nodiscard]] std::optional<Time> next_wake() const;

  // One pass. Changes nothing that apply_row does not: what it proposes comes back as events.
  [[nodiscard]] Plan plan(Time now);

  [[nodiscard]] const State& state() const { return state_; }

 private:
  State state_;
  PlanLimits limits_;
  Machine machine_;
  Queue queue_;
  bool changed_ = true;
};

}  // namespace usine
