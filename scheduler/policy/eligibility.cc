#include "scheduler/policy/eligibility.h"

#include <algorithm>

#include "scheduler/core/array_dependencies.h"
#include "scheduler/core/arrays.h"
#include "scheduler/core/derived.h"
#include "scheduler/core/reservations.h"

namespace usine {

namespace {

// The part that the job waits for: the first that is not met, where all are needed, or the first of
// all.
const Dependency& part_waited_for(const JobDependencies& dependencies) {
  const auto& [wanted, statuses] = dependencies;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i].phase != DependencyPhase::kMet) return wanted.items[i];
  }
  return wanted.items.front();
}

std::optional<Reason> reservation_reason(const State& state, const Job& job, Time now) {
  const std::string& name = job.request->reservation;
  if (name.empty()) return std::nullopt;
  const auto found = state.reservations.find(name);
  if (found == state.reservations.end()) {
    return Reason{ReasonKind::kReservationEnded, 0, 0, 0, name};
  }
  const NodeReservation& reservation = found->second;
  const Time turn = next_turn(reservation);
  const std::int64_t at = turn.time_since_epoch().count();
  if (!reservation.open) return Reason{ReasonKind::kReservationClosed, at, 0, 0, name};
  if (now + job.limit() <= turn) return std::nullopt;
  return Reason{ReasonKind::kReservationTooShort, at, 0, 0, name};
}

std::optional<Reason> dependency_reason(const Job& job, Time now) {
  const DependencyStatus whole = job.dependencies.verdict();
  const Dependencies& wanted = job.dependencies.wanted;
  if (whole.phase == DependencyPhase::kNever) {
    return Reason{ReasonKind::kDependencyNeverSatisfied, 0, 0, 0, to_string(wanted)};
  }
  if (whole.phase == DependencyPhase::kWaiting) {
    const Dependency& part = part_waited_for(job.dependencies);
    if (part.kind == DependencyKind::kSingleton && !wanted.any) {
      return Reason{ReasonKind::kSingleton, 0, 0, 0, job.request->name};
    }
    return Reason{ReasonKind::kDependency, static_cast<std::int64_t>(part.job.value), 0, 0,
                  wanted.any ? to_string(wanted) : to_string(part)};
  }
  if (whole.from <= now) return std::nullopt;
  return Reason{ReasonKind::kDependencyDelay, whole.from.time_since_epoch().count(), 0, 0,
                to_string(wanted)};
}

}  // namespace

std::optional<Reason> not_eligible(const State& state, const Job& job, Time now) {
  if (job.hold == HoldKind::kRequeueLimit) {
    return Reason{ReasonKind::kRequeueLimit, job.requeues, 0, 0, job.requeue_text};
  }
  if (job.hold != HoldKind::kNone) {
    const char* who = job.hold == HoldKind::kUser ? job.request->user.c_str() : "an operator";
    return Reason{ReasonKind::kHeld, 0, 0, 0, who};
  }
  if (auto reason = dependency_reason(job, now)) return reason;
  if (auto reason = reservation_reason(state, job, now)) return reason;
  if (!job.awaiting_fence.empty()) {
    return Reason{ReasonKind::kAwaitingFence, 0, 0, 0, names_of(state, job.awaiting_fence)};
  }
  if (job.not_before && *job.not_before > now) {
    const bool requeued = !job.requeue_text.empty();
    return Reason{requeued ? ReasonKind::kRequeueDelay : ReasonKind::kBeginTime,
                  job.not_before->time_since_epoch().count(), 0, 0, job.requeue_text};
  }
  if (const auto latest = latest_start(job); latest && now > *latest) {
    return Reason{ReasonKind::kDeadline, latest->time_since_epoch().count(), 0, 0, {}};
  }
  if (startable_tasks(state, job, now) == 0) return no_task_reason(state, job, now);
  return std::nullopt;
}

std::optional<Reason> reserved_reason(const State& state, const Job& job, Time now) {
  const NodeReservation* const first = first_in_the_way(state, stay_of(state, job, now));
  if (first == nullptr) return std::nullopt;
  const Time begin = window_of(first->request, first->window)->begin;
  return Reason{ReasonKind::kReserved, begin.time_since_epoch().count(), 0, 0, first->request.name};
}

Reason no_task_reason(const State& state, const Job& job, Time now) {
  const ArrayTasks& tasks = state.arrays.at(job.is_task() ? job.array_id : job.id);
  const Dependencies& wanted = job.dependencies.wanted;
  if (!job.is_task() && !wanted.empty()) {
    const std::uint64_t ready = ready_tasks(state, job, now).count();
    const bool limit_binds = tasks.limit > 0 && tasks.active() + ready > tasks.limit;
    if (!limit_binds && ready < tasks.pending.count()) {
      return {ReasonKind::kDependency, static_cast<std::int64_t>(wanted.items.front().job.value), 0,
              0, to_string(wanted)};
    }
  }
  return {ReasonKind::kArrayLimit, tasks.limit, static_cast<std::int64_t>(tasks.active()), 0, {}};
}

std::optional<Time> opens_at(const Job& job, Time now) {
  std::optional<Time> next;
  const auto note = [&](Time at) {
    if (at > now) next = std::min(next.value_or(at), at);
  };
  if (job.not_before) note(*job.not_before);
  for (const DependencyStatus& status : job.dependencies.statuses) {
    if (status.phase == DependencyPhase::kMet) note(status.from);
  }
  return next;
}

std::optional<Time> switches_until(const Job& job) {
  std::optional<Seconds> longest;
  for (const Component& component : job.request->components) {
    const TopologyRequest& topology = component.topology;
    if (topology.switches_max > 0)
      longest = std::max(longest.value_or(Seconds{0}), topology.switches_wait);
  }
  if (!longest || !job.eligible_since) return std::nullopt;
  return *job.eligible_since + *longest;
}

Switches switches_wanted(const Job& job, Time now) {
  const std::optional<Time> until = switches_until(job);
  return until && *until <= now ? Switches::kAny : Switches::kAsAsked;
}

}  // namespace usine
