// One planning pass: goes over waiting jobs in order and starts each that fits, promises a start to
// the first of those that do not, and says of every other one which rule blocks it. A full pass
// goes over all of them; one that follows an event over the first ones up to the last that gets a
// promise, and beyond those over what the event can have changed. Lives as long as the pass; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "scheduler/policy/grown_nodes.h"
#include "scheduler/policy/plan.h"
#include "scheduler/policy/planning_indexes.h"

namespace usine {

// By group of RunningLimits.
using LimitedJobs = std::vector<std::pair<std::uint32_t, JobId>>;

class Pass {
 public:
  Pass(const PlanningIndexes& indexes, const PlanLimits& limits, PassOrder order);

  // Once. Leaves the indexes as they were but for promises.
  [[nodiscard]] Plan run();
  // After run(): jobs that a running limit blocks, by its group, to be looked at when it grows.
  [[nodiscard]] LimitedJobs take_limited() { return std::move(limited_); }
  // After run(): whether the next pass must go on, since this one has done enough; and the nodes
  // whose room it goes on with.
  [[nodiscard]] bool is_unfinished() const { return unfinished_; }
  [[nodiscard]] const std::vector<NodeId>& grown() const { return grown_.nodes(); }
  // After run(): whether promises that might come nearer were left as they are.
  [[nodiscard]] bool left_promises() const { return promises_left_; }
  // After run(): jobs that the work limit left for the next pass.
  [[nodiscard]] std::vector<JobId> take_postponed() { return std::move(postponed_); }

 private:
  using Row = DemandTable::Row;

  // ---- which jobs
  void go_over_all();
  void go_over_first();
  [[nodiscard]] const QueueEntry* next_of_first(const QueueEntry* last) const;
  void go_over_changed(const QueueEntry* after);
  [[nodiscard]] bool has_done_enough() const;
  void leave_unfinished(const QueueEntry& not_considered);
  void undo(std::size_t mark);

  // ---- one job
  void consider(const QueueEntry& entry);
  void consider_in_reservation(const QueueEntry& entry);
  void consider_anywhere(const QueueEntry& entry);
  void start_tasks(const QueueEntry& entry);
  [[nodiscard]] bool start_one(const QueueEntry& entry);
  void start(const QueueEntry& entry, Allocation allocation);
  void block(const QueueEntry& entry, Row& row, Reason reason);
  void say_limit(JobId job, const LimitHit& hit);

  // ---- those that others make room for (pass_preemption.cc)
  void start_where_kept(const QueueEntry& entry, const Job& job);
  void preempt_for(const QueueEntry& entry, const Job& job);

  // ---- promises (pass_promises.cc)
  void keep_promise(const QueueEntry& entry, std::size_t index);
  [[nodiscard]] std::optional<Allocation> place_if_counts_allow(const QueueEntry& entry);
  [[nodiscard]] bool start_before_others(const QueueEntry& entry, std::size_t index);
  [[nodiscard]] bool start_promised(const QueueEntry& entry, std::size_t index);
  void bring_nearer(const QueueEntry& entry, std::size_t index);
  void give_up_promise(std::size_t index);
  void renew(const QueueEntry& entry, Promise& promise);
  void promise_start(const QueueEntry& entry, const Reason& reason);
  [[nodiscard]] std::optional<std::size_t> promise_of(JobId job) const;
  void drop_promises();
  void drop_promises_behind(const QueueEntry& entry);
  void note_room(const Promise& promise);

  PlanningIndexes in_;
  const PlanLimits& limits_;
  PassOrder order_;
  std::size_t protected_jobs_;
  Plan plan_;
  OrderedList<QueueEntry> fresh_;  // to be looked at, whatever has changed
  std::vector<JobId> postponed_;
  LimitedJobs limited_;
  bool unfinished_ = false;
  std::size_t promises_met_ = 0;   // so many of in_.promises lie before the entry
  std::size_t promises_made_ = 0;  // to jobs without one
  std::uint64_t tries_left_;
  std::size_t renewal_nodes_ = 0;  // looked at so far
  bool promises_left_ = false;     // that might have come nearer
  GrownNodes grown_;
  std::size_t preemptions_left_;  // none where nobody puts others back
  std::vector<LimitUse> taken_;   // of running limits
  std::unordered_map<std::uint64_t, JobReasons::Number> limit_reasons_;
};

}  // namespace usine
