#include "scheduler/policy/planner.h"

#include <algorithm>
#include <variant>

#include "scheduler/core/arrays.h"
#include "scheduler/core/decide.h"
#include "scheduler/policy/eligibility.h"
#include "scheduler/policy/pass.h"

namespace usine {
Planner::Planner(State state, PlanLimits limits)
    : state_(std::make_unique<State>(std::move(state))),
      limits_(limits),
      machine_(*state_),
      demands_(*state_, machine_),
      kept_(machine_) {
  row_time_ = state_->now;
  rebuild();
}

// Everything anew, as after a change of the configuration.
void Planner::rebuild() {
  decide_afresh();
  promises_.clear();
  kept_.forget_all();
  demands_.forget_all();
  machine_.rebuild();
  if (!state_->config) return;
  placer_ = std::make_unique<GangPlacer>(machine_);
  finder_ = std::make_unique<StartFinder>(machine_);
  for (const auto& [id, job] : state_->jobs) {
    if (job.attempt) add_releases(job);
    if (job.state == JobState::kPending) update_job(id);
  }
  reserved_ = {};
  reserved_.renew(*state_, machine_);
}

// ---- what events change ------------------------------------------------------------------------

struct Planner::Taker {
  Planner& planner;

  void operator()(const ClusterConfigured&) const { planner.rebuild(); }
  void operator()(const EpochStarted&) const { planner.rebuild(); }

  // ---- nodes
  void operator()(const NodeJoined& one) const {
    planner.grow(one.node);
    planner.update_awaiting_fence();
  }
  void operator()(const NodeResumed& one) const { planner.grow(one.node); }
  void operator()(const NodeUnreachable& one) const { shrink(one.node); }
  void operator()(const NodeLost& one) const { shrink(one.node); }
  void operator()(const NodeDrained& one) const { shrink(one.node); }
  void operator()(const NodeFenced& one) const {
    planner.grow(one.node);
    planner.update_awaiting_fence();
  }

  // ---- jobs
  void operator()(const JobSubmitted& one) const { planner.update_job(one.job); }
  void operator()(const JobHeld& one) const { planner.update_job(one.job); }
  void operator()(const JobReleased& one) const { planner.update_job(one.job); }
  void operator()(const JobRequeued& one) const {
    planner.update_job(one.job);
    limit_of_array(one.job);
  }
  void operator()(const JobEnded& one) const {
    planner.update_job(one.job);
    limit_of_array(one.job);
  }
  void operator()(const JobForgotten&) const {}
  void operator()(const JobMarked&) const {}
  void operator()(const DependencyChanged& one) const { planner.update_job(one.job); }
  void operator()(const DependenciesSet& one) const { planner.update_job(one.job); }
  void operator()(const JobLimitSet& one) const {
    if (planner.state_->find_job(one.job)->attempt) planner.move_releases(one.job);
    planner.update_job(one.job);
  }

  // ---- arrays
  void operator()(const ArrayTaskStarted& one) const { planner.update_job(one.array); }
  void operator()(const ArrayTasksEnded& one) const { planner.update_job(one.array); }
  void operator()(const ArrayTasksRenewed& one) const { planner.update_job(one.array); }
  void operator()(const ArrayLimitSet& one) const {
    planner.update_job(one.array);
    for (const JobId job : planner.state_->arrays.at(one.array).waiting) planner.update_job(job);
  }
  // A task has started or ended: its array may have come to its limit, or away from it.
  void limit_of_array(JobId task) const {
    const JobId array = planner.state_->find_job(task)->array_id;
    for (const JobId job : affected_by_limit(*planner.state_, array)) planner.update_job(job);
  }

  // ---- attempts
  void operator()(const AttemptPlaced& one) const {
    planner.update_job(one.job);
    limit_of_array(one.job);
    planner.add_releases(*planner.state_->find_job(one.job));
    for (const NodeShare& share : one.allocation.nodes) planner.machine_.refresh(share.node);
  }
  void operator()(const NodePrepared&) const {}
  void operator()(const AttemptStarted& one) const { planner.move_releases(one.key.job); }
  void operator()(const AttemptSignalled&) const {}
  void operator()(const SuspensionSet&) const {}
  void operator()(const EpilogStarted&) const {}
  void operator()(const StopRequested& one) const { planner.move_releases(one.key.job); }
  void operator()(const AttemptNodeEnded& one) const {
    const Attempt& attempt = *planner.state_->find_attempt(one.key);
    const NodeId node = attempt.allocation.nodes[one.index].node;
    planner.machine_.remove_release(one.key.job, node);
    planner.grow(node);
  }
  void operator()(const AttemptEnded& one) const { planner.grow_limits(one.key.job); }

  // ---- what is kept for others
  void operator()(const JobClaimed& one) const {
    planner.update_job(one.job);
    const auto& claim = planner.state_->find_job(one.job)->claim;
    for (const NodeShare& share : claim->allocation.nodes) planner.drop_promises_on(share.node);
    planner.look_again();
  }
  void operator()(const ClaimDropped& one) const {
    planner.update_job(one.job);
    planner.look_again();
  }
  void operator()(const ReservationCreated& one) const {
    planner.renew_reservations(one.reservation.request.name);
  }
  void operator()(const ReservationDeleted& one) const { planner.renew_reservations(one.name); }
  void operator()(const ReservationTurned& one) const { planner.renew_reservations(one.name); }
  void operator()(const ReservedNodeChanged& one) const { planner.renew_reservations(one.name); }

  void shrink(NodeId node) const {
    planner.machine_.refresh(node);
    planner.drop_promises_on(node);
    planner.look_again();
  }
};

void Planner::apply_row(Sequence sequence, Time time, const std::vector<Event>& events) {
  row_time_ = std::max(row_time_, time);
  changed_since_ = changed_since_ || !events.empty();
  for (const Event& event : events) {
    apply_event(*state_, event);
    std::visit(Taker{*this}, event);
  }
  advance(*state_, sequence, time);
}

void Planner::update_job(JobId id) {
  const Job* const job = state_->find_job(id);
  const bool waits = job != nullptr && job->state == JobState::kPending;
  drop_promise(id);
  follow_claim(id);
  if (const auto wake = wake_of_.find(id); wake != wake_of_.end()) {
    wakes_.erase({wake->second, id});
    wake_of_.erase(wake);
  }
  awaiting_fence_.erase(id);
  if (!waits) return queue_.remove(id);
  if (!job->awaiting_fence.empty()) awaiting_fence_.insert(id);
  set_wake(*job);
  if (not_eligible(*state_, *job, row_time_)) {
    queue_.remove(id);
    ineligible_.push_back(id);
    return;
  }
  const Millis length = job->limit() + state_->config->timings.kill_wait;
  const auto variant = static_cast<std::uint8_t>(switches_wanted(*job, row_time_));
  queue_.put(*job, {.rank = rank_of(*job, *state_->config),
                    .limit_rank_ms = rank_by_limit(*job, *state_->config).rank_ms,
                    .length = length,
                    .use = state_->running.use_of(*job),
                    .plain = job->request->reservation.empty() && !job->claim && !job->is_array(),
                    .variant = variant});
  const QueueEntry& entry = *queue_.find(id);
  if (queue_.of_class(entry.demand).size() == 1) demands_.forget(entry.demand);
  fresh_.push_back(id);
  out_of_order_ = out_of_order_ || std::ranges::any_of(promises_, [&](const Promise& promise) {
                    const QueueEntry& promised = *queue_.find(promise.job);
                    return entry < promised && entry.precedes_by_limit(promised);
                  });
}

void Planner::set_wake(const Job& job) {
  std::optional<Time> wake;
  for (const std::optional<Time>& at : {opens_at(job, row_time_), switches_until(job)}) {
    if (at && *at > row_time_) wake = std::min(wake.value_or(*at), *at);
  }
  if (!wake) return;
  wakes_.insert({*wake, job.id});
  wake_of_[job.id] = *wake;
}

void Planner::update_awaiting_fence() {
  for (const JobId id : std::exchange(awaiting_fence_, {})) update_job(id);
}

void Planner::grow(NodeId node) {
  machine_.refresh(node);
  grown_.push_back(node);
}

void Planner::add_releases(const Job& job) {
  const Time at = latest_end(job, *state_->config);
  const Attempt& attempt = *job.attempt;
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    if (attempt.nodes[i].phase == NodePhase::kEnded) continue;
    machine_.add_release(job.id, at, attempt.allocation.nodes[i]);
  }
}

// Its end is another than was said.
void Planner::move_releases(JobId id) {
  const Job& job = *state_->find_job(id);
  for (const NodeShare& share : job.attempt->allocation.nodes) {
    machine_.remove_release(id, share.node);
  }
  add_releases(job);
}

void Planner::follow_claim(JobId id) {
  for (const NodeId node : kept_.drop(id)) grown_.push_back(node);
  const Job* const job = state_->find_job(id);
  if (job == nullptr || !job->claim) return;
  kept_.keep(id, job->claim->allocation, job->claim->until + job->limit());
}

// The job counts no more in the limits that bound it.
void Planner::grow_limits(JobId id) {
  const LimitUse use = state_->running.use_of(*state_->find_job(id));
  limits_grown_.insert(limits_grown_.end(), use.groups.begin(), use.groups.begin() + use.count);
}

void Planner::drop_promise(JobId job) {
  const auto found = std::ranges::find(promises_, job, &Promise::job);
  if (found == promises_.end()) return;
  let_go(machine_, *found);
  for (const Promise::Share& share : found->shares) grown_.push_back(share.node);
  promises_.erase(found);
}

void Planner::drop_promises_on(NodeId node) {
  std::vector<JobId> there;
  for (const Promise& promise : promises_) {
    const auto is_there = [node](const Promise::Share& share) { return share.node == node; };
    if (std::ranges::any_of(promise.shares, is_there)) there.push_back(promise.job);
  }
  for (const JobId job : there) drop_promise(job);
}

// Rare, so that all claims are made anew; jobs that name the reservation may be eligible now.
void Planner::renew_reservations(const std::string& changed) {
  reserved_.renew(*state_, machine_);
  demands_.forget_all();
  for (const auto& [id, job] : state_->jobs) {
    if (job.state == JobState::kPending && job.request->reservation == changed) update_job(id);
  }
  decide_afresh();
}

// ---- passes ------------------------------------------------------------------------------------

std::optional<Time> Planner::next_full_pass() const {
  if (!changed_since_ || queue_.entries().empty()) return std::nullopt;
  Millis after = limits_.full_pass_every;
  if (promises_left_) after = std::min(after, limits_.promises_renewed_after);
  if (out_of_order_) after = std::min(after, limits_.order_restored_after);
  return last_full_pass_ + after;
}

bool Planner::has_work(Time now) const {
  if (!wakes_.empty() && wakes_.begin()->first <= now) return true;
  if (again_ && *again_ <= now) return true;
  if (!ineligible_.empty() || !fresh_.empty()) return true;
  if (queue_.entries().empty()) return false;
  if (full_pass_ || unfinished_ || !limits_grown_.empty() || !grown_.empty()) return true;
  const std::optional<Time> full = next_full_pass();
  return full && *full <= now;
}

std::optional<Time> Planner::next_wake() const {
  std::optional<Time> wake = next_full_pass();
  if (!wakes_.empty()) wake = std::min(wake.value_or(wakes_.begin()->first), wakes_.begin()->first);
  if (again_) wake = std::min(wake.value_or(*again_), *again_);
  return wake;
}

PassOrder Planner::next_order(Time now) {
  const std::optional<Time> full = next_full_pass();
  PassOrder order{now, full_pass_ || (full && *full <= now), afresh_, {}, {}};
  order.fresh = std::exchange(fresh_, {});
  for (const JobId job : kept_.jobs()) order.fresh.push_back(job);
  order.grown = std::exchange(grown_, {});
  if (order.full) limited_.clear();
  for (const std::uint32_t group : std::exchange(limits_grown_, {})) {
    if (auto known = limited_.extract(group)) {
      order.fresh.insert(order.fresh.end(), known.mapped().begin(), known.mapped().end());
    }
  }
  full_pass_ = false;
  afresh_ = false;
  if (order.full) {
    last_full_pass_ = now;
    changed_since_ = false;
    out_of_order_ = false;
    promises_left_ = false;
  }
  return order;
}

void Planner::tell_of_ineligible(Time now, Plan& plan) {
  std::ranges::sort(ineligible_);
  const auto [first, last] = std::ranges::unique(ineligible_);
  ineligible_.erase(first, last);
  for (const JobId id : ineligible_) {
    const Job* const job = state_->find_job(id);
    if (job == nullptr || job->state != JobState::kPending) continue;
    if (auto reason = not_eligible(*state_, *job, now)) plan.reasons.set(id, *std::move(reason));
  }
  ineligible_.clear();
}

Plan Planner::plan(Time now) {
  row_time_ = std::max(row_time_, now);
  while (!wakes_.empty() && wakes_.begin()->first <= now) update_job(wakes_.begin()->second);
  if (!state_->config) return {};
  const PlanningIndexes indexes{*state_,  machine_,  *placer_,  *finder_, queue_,
                                demands_, promises_, reserved_, kept_};
  if (again_ && *again_ <= now) {
    full_pass_ = true;
    again_.reset();
  }
  Pass pass(indexes, limits_, next_order(now));
  Plan plan = pass.run();
  if (plan.again) again_ = std::min(again_.value_or(*plan.again), *plan.again);
  promises_left_ = promises_left_ || pass.left_promises();
  fresh_ = pass.take_postponed();
  unfinished_ = pass.is_unfinished();
  if (unfinished_) grown_ = pass.grown();
  for (const auto& [group, job] : pass.take_limited()) limited_[group].push_back(job);
  tell_of_ineligible(now, plan);
  return plan;
}

}  // namespace usine
