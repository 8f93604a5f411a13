// The planner: on a replica that committed events keep up to date, it decides which waiting jobs
// start now and where, and says of every other one which rule blocks it. Owned by the planner's
// thread; pure: the work limit counts units of work, not time, so that replay is exact.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/reservation.h"
#include "scheduler/queue/queue.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

struct PlanLimits {
  std::uint64_t placements_tried_max = 100'000;  // in one pass; the rest wait with kPassLimit
  // Blocked jobs, first in the order, whose starts are kept: 1 is EASY, all of them conservative.
  std::size_t protected_jobs_max = 1;
};

struct Plan {
  CommitPlan proposals;
  // Of every waiting job that this pass looked at and does not start. What an earlier pass said of
  // other waiting jobs still holds.
  std::map<JobId, Reason> reasons;
  // When jobs start at the latest, where that can be said; takes the place of earlier estimates.
  std::map<JobId, Time> estimates;
};

class Planner {
 public:
  // `state` is a replica's state to begin with.
  explicit Planner(State state, PlanLimits limits = {});

  // One journal row's events, in the order of their sequence.
  void apply_row(Sequence sequence, Time time, const std::vector<Event>& events);

  // Whether plan() could do anything now that it could not do when it last ran.
  [[nodiscard]] bool has_work(Time now) const;

  // The earliest time at which has_work becomes true by itself (a begin time, the end of a requeue
  // delay); none where only an event can.
  [[nodiscard]] std::optional<Time> next_wake() const;

  // One pass. It changes no replica: what it proposes comes back as events. Between a plan and the
  // events of its proposals there must be no other plan.
  [[nodiscard]] Plan plan(Time now);

  // The engine rejected something of the last plan, since its state had moved on: the next pass
  // looks at every waiting job again.
  void look_again() { full_pass_ = true; }

  [[nodiscard]] const State& state() const { return *state_; }

 private:
  void take_event(const Event& event);
  void update_job(JobId id);
  void leave(const Job& job);
  void update_timeline(JobId id);
  void drop_reservation_of(JobId id);
  void refresh_nodes(const std::vector<NodeShare>& shares);
  std::unique_ptr<State> state_;  // where machine_ can point at it
  PlanLimits limits_;
  Machine machine_;
  Queue queue_;
  std::set<JobId> waiting_;                 // those in queue_
  std::set<std::pair<Time, JobId>> wakes_;  // not_before of waiting jobs
  std::map<JobId, Time> wake_of_;           // the inverse of wakes_, also of wakes that are past
  Timeline timeline_;
  std::optional<Reservation> reservation_;  // of the last full pass
  bool full_pass_ =
      true;  // room may have grown: every waiting job is looked at, else only fresh ones
};

}  // namespace usine
