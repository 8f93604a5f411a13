// The planner: on a replica that committed events keep up to date, it decides which waiting jobs
// start now and where, and says of every other one which rule blocks it. Owned by the planner's
// thread; pure: the work limit counts units of work, not time, so that replay is exact.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/demand_table.h"
#include "scheduler/policy/kept_places.h"
#include "scheduler/policy/plan.h"
#include "scheduler/policy/promise.h"
#include "scheduler/policy/reserved_claims.h"
#include "scheduler/policy/start_finder.h"
#include "scheduler/queue/queue.h"

namespace usine {

class Planner {
 public:
  // `state` is a replica's state to begin with.
  explicit Planner(State state, PlanLimits limits = {});

  // One journal row's events, in the order of their sequence.
  void apply_row(Sequence sequence, Time time, const std::vector<Event>& events);

  // Whether plan() could do anything now that it could not do when it last ran.
  [[nodiscard]] bool has_work(Time now) const;

  // The earliest time at which has_work becomes true by itself (a begin time, the end of a requeue
  // delay, the next full pass); none where only an event can.
  [[nodiscard]] std::optional<Time> next_wake() const;

  // One pass. It changes no replica: what it proposes comes back as events. Between a plan and the
  // events of its proposals there must be no other plan.
  [[nodiscard]] Plan plan(Time now);

  // The engine rejected something of the last plan, since its state had moved on: the next pass
  // looks at every waiting job again.
  void look_again() { full_pass_ = true; }
  // The same, and what was promised counts for nothing.
  void decide_afresh() { full_pass_ = afresh_ = true; }

  [[nodiscard]] const State& state() const { return *state_; }
  // Starts that are kept, in the order of the queue.
  [[nodiscard]] const std::vector<Promise>& promises() const { return promises_; }

 private:
  struct Taker;

  void rebuild();
  void update_job(JobId id);
  void set_wake(const Job& job);
  void grow(NodeId node);
  void add_releases(const Job& job);
  void move_releases(JobId job);
  void grow_limits(JobId job);
  void drop_promise(JobId job);
  void drop_promises_on(NodeId node);
  void update_awaiting_fence();
  void follow_claim(JobId id);
  void renew_reservations(const std::string& changed);
  [[nodiscard]] std::optional<Time> next_full_pass() const;
  [[nodiscard]] PassOrder next_order(Time now);
  void tell_of_ineligible(Time now, Plan& plan);

  std::unique_ptr<State> state_;  // where machine_ can point at it
  PlanLimits limits_;
  Machine machine_;
  std::unique_ptr<GangPlacer> placer_;
  std::unique_ptr<StartFinder> finder_;
  Queue queue_;
  DemandTable demands_;
  std::vector<Promise> promises_;
  KeptPlaces kept_;
  ReservedClaims reserved_;

  std::set<std::pair<Time, JobId>> wakes_;  // of waiting jobs
  std::map<JobId, Time> wake_of_;           // the inverse of wakes_
  std::set<JobId> awaiting_fence_;          // waiting jobs whose lost nodes must come back first

  // What has happened since the last pass.
  std::vector<JobId> fresh_;       // in the queue anew
  std::vector<JobId> ineligible_;  // waiting, and out of the queue anew
  std::vector<NodeId> grown_;
  std::vector<std::uint32_t> limits_grown_;  // groups of which something has ended
  bool unfinished_ = false;                  // the last pass has left something to the next
  bool full_pass_ = true;
  bool afresh_ = true;

  std::optional<Time> again_;                                      // Plan::again of the last pass
  std::unordered_map<std::uint32_t, std::vector<JobId>> limited_;  // jobs by the group that blocks

  Time row_time_{};  // of the newest row
  Time last_full_pass_{};
  bool changed_since_ = false;  // since the last full pass
  bool promises_left_ = false;  // since then: some might come nearer
  bool out_of_order_ = false;   // since then: a job has come to which a promise gives way
};

}  // namespace usine
