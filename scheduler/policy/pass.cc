#include "scheduler/policy/pass.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "scheduler/core/arrays.h"
#include "scheduler/policy/changed_jobs.h"
#include "scheduler/policy/eligibility.h"

namespace usine {
namespace {

// Whether a job that runs for less time may find a place where this one did not: beside what is
// promised to others.
bool depends_on_length(const Machine& machine, ReasonKind kind) {
  return !machine.timeline().claimed().empty() && kind != ReasonKind::kGpusBusy &&
         kind != ReasonKind::kNodesDown && kind != ReasonKind::kPartitionDown;
}

bool any_preempts(const State& state) {
  return state.running.any_guarantee() ||
         std::ranges::any_of(state.config->qos,
                             [](const Qos& qos) { return !qos.preemption.victims.empty(); });
}

OrderedList<QueueEntry> entries_of(const Queue& queue, const std::vector<JobId>& jobs) {
  OrderedList<QueueEntry> entries;
  for (const JobId job : std::set(jobs.begin(), jobs.end())) {
    if (const QueueEntry* const entry = queue.find(job)) entries.insert(*entry);
  }
  return entries;
}

// The first that is behind `entry`, which may be null.
OrderedList<QueueEntry>::Iterator behind(const OrderedList<QueueEntry>& list,
                                         const QueueEntry* entry) {
  if (entry == nullptr) return list.begin();
  auto at = list.lower_bound(*entry);
  if (at != list.end() && *at == *entry) ++at;
  return at;
}

std::uint64_t key_of(const LimitHit& hit) {
  return std::uint64_t{hit.group} << 32 | static_cast<std::uint64_t>(hit.asked) << 2 |
         static_cast<std::uint64_t>(hit.amount);
}

}  // namespace

Pass::Pass(const PlanningIndexes& indexes, const PlanLimits& limits, PassOrder order)
    : in_(indexes),
      limits_(limits),
      order_(std::move(order)),
      protected_jobs_(indexes.state.config->priority.protected_jobs),
      tries_left_(limits.placements_tried_max),
      grown_(indexes.machine, order_.grown),
      preemptions_left_(any_preempts(indexes.state) ? limits.preemptions_tried_max : 0) {}

Plan Pass::run() {
  plan_.proposals.seen = in_.state.sequence;
  in_.demands.begin_pass(order_.now);
  const std::size_t mark = in_.machine.mark();
  if (order_.full) {
    go_over_all();
  } else {
    go_over_first();
  }
  undo(mark);
  for (const Promise& promise : in_.promises) plan_.estimates[promise.job] = promise.at;
  return std::move(plan_);
}

// Bookings of the pass come back as events; until then the machine knows only what holds.
void Pass::undo(std::size_t mark) {
  for (const ProposedStart& start : plan_.proposals.starts) {
    for (const NodeShare& share : start.allocation.nodes) {
      in_.machine.remove_release(start.job, share.node);
    }
  }
  in_.machine.roll_back(mark);
  for (const LimitUse& use : taken_) in_.state.running.give_back(use);
  for (const ProposedPreemption& one : plan_.proposals.preemptions) in_.kept.drop(one.job);
}

// ---- which jobs --------------------------------------------------------------------------------

void Pass::go_over_all() {
  if (order_.afresh) drop_promises();
  for (const QueueEntry& entry : in_.queue.entries()) consider(entry);
}

// The jobs that have promises and, among them, those that no pass has seen or whose promise has
// gone in this one; what else lies between is blocked by something other than room. Then the next
// ones, until as many as may have promises.
void Pass::go_over_first() {
  fresh_ = entries_of(in_.queue, order_.fresh);
  const QueueEntry* last = nullptr;
  while (const QueueEntry* const entry = next_of_first(last)) {
    if (has_done_enough()) return leave_unfinished(*entry);
    consider(*entry);
    last = entry;
  }
  for (auto at = behind(in_.queue.entries(), last);
       at != in_.queue.entries().end() && in_.promises.size() < protected_jobs_; ++at) {
    if (has_done_enough()) return leave_unfinished(*at);
    consider(*at);
    last = &*at;
  }
  go_over_changed(last);
}

// Null behind the last job with a promise.
const QueueEntry* Pass::next_of_first(const QueueEntry* last) const {
  if (promises_met_ == in_.promises.size()) return nullptr;
  const QueueEntry* const promised = in_.queue.find(in_.promises[promises_met_].job);
  const auto fresh = behind(fresh_, last);
  const bool fresh_first = fresh != fresh_.end() && *fresh < *promised;
  return fresh_first ? in_.queue.find(fresh->job()) : promised;
}

// Beyond the first ones. What the pass leaves undone, the next one goes on with.
void Pass::go_over_changed(const QueueEntry* after) {
  ChangedJobs changed(in_, grown_, order_.now, after);
  changed.add_fresh(fresh_);
  changed.add_classes();
  while (const QueueEntry* const entry = changed.next()) {
    if (has_done_enough()) return leave_unfinished(*entry);
    consider(*entry);
  }
}

bool Pass::has_done_enough() const {
  return plan_.proposals.starts.size() + promises_made_ >= limits_.event_starts_max;
}

// The next pass goes on from there.
void Pass::leave_unfinished(const QueueEntry& not_considered) {
  unfinished_ = true;
  for (auto at = fresh_.lower_bound(not_considered); at != fresh_.end(); ++at) {
    postponed_.push_back(at->job());
  }
}

// ---- one job -----------------------------------------------------------------------------------

void Pass::consider(const QueueEntry& entry) {
  if (entry.plain && preemptions_left_ == 0) return consider_anywhere(entry);
  const Job& job = *in_.state.find_job(entry.job());
  if (job.claim && !job.claim->partial) return start_where_kept(entry, job);
  if (job.claim) in_.kept.lift(job.id);
  const std::size_t starts = plan_.proposals.starts.size();
  if (job.request->reservation.empty()) {
    consider_anywhere(entry);
  } else {
    consider_in_reservation(entry);
  }
  if (job.claim) in_.kept.lay(job.id);
  if (preemptions_left_ > 0 && plan_.proposals.starts.size() == starts) preempt_for(entry, job);
}

// What keeps its nodes from others does not keep this one; it may have become too late for the
// window since the job came into the queue.
void Pass::consider_in_reservation(const QueueEntry& entry) {
  const Job& job = *in_.state.find_job(entry.job());
  if (auto reason = not_eligible(in_.state, job, order_.now)) {
    plan_.reasons.set(job.id, *std::move(reason));
    return;
  }
  const std::string& name = job.request->reservation;
  in_.reserved.lift(name, in_.machine);
  consider_anywhere(entry);
  in_.reserved.lay(name, in_.machine);
}

void Pass::consider_anywhere(const QueueEntry& entry) {
  if (const auto promise = promise_of(entry.job())) {
    keep_promise(entry, *promise);
    promises_met_ += promise_of(entry.job()) ? 1 : 0;
    return;
  }
  if (const auto hit = in_.state.running.blocked(entry.use)) return say_limit(entry.job(), *hit);
  if (order_.full) drop_promises_behind(entry);
  Row& row = in_.demands.row(entry);
  if (entry.length >= row.blocked_from) {
    plan_.reasons.set(entry.job(), row.reason);
    return promise_start(entry, plan_.reasons.reason({entry.job(), row.reason}));
  }
  if (entry.plain) {
    static_cast<void>(start_one(entry));
  } else {
    start_tasks(entry);
  }
}

// Of an array one task after another, as many as its limit allows.
void Pass::start_tasks(const QueueEntry& entry) {
  const Job& job = *in_.state.find_job(entry.job());
  std::uint64_t left = startable_tasks(in_.state, job, order_.now);
  while (left > 0 && start_one(entry)) --left;
  if (left == 0 && job.is_array()) {
    plan_.reasons.set(job.id, no_task_reason(in_.state, job, order_.now));
  }
}

// Whether there is room for one more start of the job, which is proposed then; else it has a
// reason.
bool Pass::start_one(const QueueEntry& entry) {
  if (const auto hit = in_.state.running.blocked(entry.use)) {
    say_limit(entry.job(), *hit);
    return false;
  }
  if (tries_left_ == 0) {
    plan_.reasons.set(entry.job(), Reason{ReasonKind::kPassLimit, 0, 0, 0, {}});
    postponed_.push_back(entry.job());
    return false;
  }
  --tries_left_;
  Row& row = in_.demands.row(entry);
  auto place = in_.placer.place(*row.demand, {order_.now, entry.length});
  if (!place) {
    block(entry, row, std::move(place.error()));
    return false;
  }
  start(entry, *std::move(place));
  return true;
}

void Pass::start(const QueueEntry& entry, Allocation allocation) {
  for (const NodeShare& share : allocation.nodes) {
    in_.machine.add_release(entry.job(), order_.now + entry.length, share);
  }
  in_.state.running.take(entry.use);
  taken_.push_back(entry.use);
  plan_.proposals.starts.push_back({entry.job(), std::move(allocation)});
}

void Pass::block(const QueueEntry& entry, Row& row, Reason reason) {
  row.blocked_from = depends_on_length(in_.machine, reason.kind) ? entry.length : Millis{0};
  if (!order_.full) {
    const ComponentDemand& first = row.demand->components.front();
    row.claimed_nodes = in_.placer.claimed_for(first, order_.now + entry.length);
  }
  if (reason.kind == ReasonKind::kBehindHigherPriority && !in_.promises.empty()) {
    reason.asked = static_cast<std::int64_t>(in_.promises.front().job.value);
  } else if (reason.kind == ReasonKind::kBehindHigherPriority) {
    auto reserved = reserved_reason(in_.state, *in_.state.find_job(entry.job()), order_.now);
    if (reserved) reason = *std::move(reserved);
  }
  row.reason = plan_.reasons.add(std::move(reason));
  plan_.reasons.set(entry.job(), row.reason);
  promise_start(entry, plan_.reasons.reason({entry.job(), row.reason}));
}

void Pass::say_limit(JobId job, const LimitHit& hit) {
  const auto [known, is_new] = limit_reasons_.try_emplace(key_of(hit), 0);
  if (is_new) known->second = plan_.reasons.add(in_.state.running.reason_of(hit));
  plan_.reasons.set(job, known->second);
  limited_.emplace_back(hit.group, job);
}

}  // namespace usine
