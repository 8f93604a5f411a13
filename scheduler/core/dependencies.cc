#include "scheduler/core/dependencies.h"

#include <algorithm>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "scheduler/core/array_dependencies.h"
#include "scheduler/core/arrays.h"
#include "scheduler/core/namesakes.h"

namespace usine {
namespace {

// ---- one part ---------------------------------------------------------------------------------

bool has_failed(JobState state) {
  return state == JobState::kFailed || state == JobState::kTimeout ||
         state == JobState::kNodeFail || state == JobState::kOutOfMemory ||
         state == JobState::kDeadline;
}

DependencyStatus met(Time from) { return {DependencyPhase::kMet, from}; }

DependencyStatus status_of(const Dependency& dependency, const Standing& standing) {
  if (dependency.kind == DependencyKind::kAfter) {
    const auto from = standing.started ? standing.started : standing.ended;
    return from ? met(*from + dependency.delay) : DependencyStatus{};
  }
  if (!standing.ended) return {};
  const bool succeeded = standing.state == JobState::kCompleted;
  bool is_met = true;
  switch (dependency.kind) {
    case DependencyKind::kAfterOk:
    case DependencyKind::kAfterCorr: is_met = succeeded; break;
    case DependencyKind::kAfterNotOk: is_met = has_failed(standing.state); break;
    default: break;
  }
  return is_met ? met(*standing.ended) : DependencyStatus{DependencyPhase::kNever, {}};
}

Standing standing_of(const Job& job) { return {job.started, job.ended, job.state}; }

DependencyStatus singleton_status(const State& state, const Dependent& dependent) {
  const bool waits = has_namesake_before(state, dependent.job, dependent.request);
  return waits ? DependencyStatus{} : met({});
}

Dependent dependent_of(const Job& job) { return {job.id, *job.request}; }

// The tasks of an array that have not started: of one that is about to be submitted all of them.
IntervalSet waiting_tasks(const State& state, const Dependent& dependent) {
  const auto found = state.arrays.find(dependent.job);
  return found != state.arrays.end() ? found->second.pending
                                     : IntervalSet::first_numbers(dependent.request.array->count());
}

// None where the item names a task that its job has not.
std::optional<DependencyStatus> status_now(const State& state, const Dependent& dependent,
                                           const Dependency& item, const Job& parent) {
  if (item.task) {
    const auto standing = standing_of_task(state, parent, *item.task);
    return standing ? std::optional(status_of(item, *standing)) : std::nullopt;
  }
  if (item.kind == DependencyKind::kAfterCorr && dependent.request.array) {
    const IntervalSet waiting = waiting_tasks(state, dependent);
    return corresponding_status(state, {*dependent.request.array, waiting}, parent);
  }
  return status_of(item, standing_of(parent));
}

// None where the state has forgotten the other job: nothing changes any more.
std::optional<DependencyStatus> status_in(const State& state, const Job& job,
                                          const Dependency& item) {
  if (item.kind == DependencyKind::kSingleton) return singleton_status(state, dependent_of(job));
  const Job* parent = state.find_job(item.job);
  return parent == nullptr ? std::nullopt : status_now(state, dependent_of(job), item, *parent);
}

// ---- what an event changes --------------------------------------------------------------------

bool has_not_started(const Job& job) {
  return job.state == JobState::kPending || job.state == JobState::kPreparing;
}

// Collects what follows from one event.
class Consequences {
 public:
  Consequences(const State& state, Time now) : state_(state), now_(now) {}

  // A job has started, ended or been put back; a task means that for its array as well.
  void of_job(JobId id) {
    of_parent(id);
    const Job& job = *state_.find_job(id);
    if (job.is_task()) of_parent(job.array_id);
  }

  // The job is back in the queue: what it depends on may have changed while it ran.
  void of_requeued(JobId id) {
    of_job(id);
    renew(*state_.find_job(id), [](const Dependency&) { return true; });
  }

  // A task of the array is gone from those that wait, and with it what it may have waited for.
  void of_array(JobId id) {
    of_parent(id);
    renew(*state_.find_job(id),
          [](const Dependency& one) { return one.kind == DependencyKind::kAfterCorr; });
  }

  void of_parent(JobId parent) {
    const auto dependents = state_.dependents.find(parent);
    if (dependents == state_.dependents.end()) return;
    for (const JobId id : dependents->second) {
      renew(*state_.find_job(id), [parent](const Dependency& one) { return one.job == parent; });
    }
  }

  // Of all namesakes only the one submitted first can be free to start, so that the others need no
  // look unless `all` says so.
  void of_namesakes(JobId id, bool all) {
    const JobRequest& request = *state_.find_job(id)->request;
    const auto found = state_.namesakes.find({request.user, request.name});
    if (found == state_.namesakes.end()) return;
    for (const JobId other : found->second.unfinished) {
      const Job& job = *state_.find_job(other);
      if (job.state == JobState::kPending) {
        renew(job, [](const Dependency& one) { return one.kind == DependencyKind::kSingleton; });
      }
      if (!all) break;
    }
  }

  // The job has come to depend on other things, or they stand otherwise.
  void of_dependent(JobId id) {
    const Job* job = state_.find_job(id);
    if (job == nullptr || job->state != JobState::kPending) return;
    if (job->dependencies.verdict().phase != DependencyPhase::kNever) return;
    if (!job->request->cancel_if_never.value_or(state_.config->cancel_if_never)) return;
    events_.push_back(
        end_of_waiting(state_, {id, JobState::kCancelled, {}, never_text(*job), now_}));
  }

  [[nodiscard]] std::vector<Event> take() { return std::move(events_); }

 private:
  template <typename Wanted>
  void renew(const Job& job, const Wanted& wanted) {
    if (!has_not_started(job)) return;
    JobDependencies fresh = job.dependencies;
    for (std::uint32_t i = 0; i < fresh.wanted.items.size(); ++i) {
      const Dependency& item = fresh.wanted.items[i];
      if (!wanted(item)) continue;
      fresh.statuses[i] = status_in(state_, job, item).value_or(fresh.statuses[i]);
      if (fresh.statuses[i] == job.dependencies.statuses[i]) continue;
      events_.emplace_back(DependencyChanged{job.id, i, fresh.statuses[i], now_});
    }
    if (job.state != JobState::kPreparing || job.attempt->stop) return;
    if (fresh.verdict().phase == DependencyPhase::kMet) return;
    events_.emplace_back(StopRequested{
        {job.id, job.attempt->number},
        {StopCause::kRequeued, "a job that it depends on was put back in the queue", now_}});
  }

  static std::string never_text(const Job& job) {
    return "its dependency " + to_string(job.dependencies.wanted) + " can never be met";
  }

  const State& state_;
  Time now_;
  std::vector<Event> events_;
};

// ---- cycles -----------------------------------------------------------------------------------

// Whom a job waits for, in the order in which they are named.
std::vector<JobId> parents_of(const State& state, const Job& job,
                              const Dependencies& dependencies) {
  std::vector<JobId> parents;
  for (const Dependency& item : dependencies.items) {
    if (item.kind != DependencyKind::kSingleton) {
      parents.push_back(item.job);
      continue;
    }
    const auto found = state.namesakes.find({job.request->user, job.request->name});
    if (found == state.namesakes.end()) continue;
    const auto& unfinished = found->second.unfinished;
    parents.insert(parents.end(), unfinished.begin(), unfinished.lower_bound(job.id));
  }
  return parents;
}

}  // namespace

Result<std::vector<DependencyStatus>> statuses_of(const State& state, const Dependent& dependent,
                                                  const Dependencies& dependencies,
                                                  const std::vector<PastJob>& past) {
  std::vector<DependencyStatus> statuses;
  statuses.reserve(dependencies.items.size());
  for (const Dependency& item : dependencies.items) {
    if (item.kind == DependencyKind::kSingleton) {
      statuses.push_back(singleton_status(state, dependent));
      continue;
    }
    if (const Job* parent = state.find_job(item.job)) {
      const auto status = status_now(state, dependent, item, *parent);
      if (!status)
        return fail(ErrorCode::kNotFound, to_string(item) + " names no task of an array");
      statuses.push_back(*status);
      continue;
    }
    const auto found = std::ranges::find(past, item.job, &PastJob::job);
    if (found == past.end()) {
      return fail(ErrorCode::kNotFound,
                  to_string(item) +
                      " names a job that this cluster has never had: `usine queue` "
                      "and `usine history` list jobs");
    }
    statuses.push_back(status_of(item, {found->started, found->ended, found->outcome}));
  }
  return statuses;
}

bool dependencies_allow(const State& state, const Job& job, Time now) {
  JobDependencies dependencies = job.dependencies;
  for (std::size_t i = 0; i < dependencies.wanted.items.size(); ++i) {
    // A namesake may have been placed by the same plan.
    if (dependencies.wanted.items[i].kind == DependencyKind::kSingleton) {
      dependencies.statuses[i] = singleton_status(state, dependent_of(job));
    }
  }
  const DependencyStatus whole = dependencies.verdict();
  return whole.phase == DependencyPhase::kMet && whole.from <= now;
}

bool statuses_are_current(const State& state, const Job& job) {
  const auto& [wanted, statuses] = job.dependencies;
  if (statuses.size() != wanted.items.size()) return false;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const auto now = status_in(state, job, wanted.items[i]);
    if (now && *now != statuses[i]) return false;
  }
  return true;
}

std::vector<Event> dependency_consequences(const State& state, const Event& event, Time now) {
  Consequences follow(state, now);
  std::visit(
      [&follow](const auto& one) {
        using One = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<One, AttemptPlaced>) {
          follow.of_namesakes(one.job, false);
        } else if constexpr (std::is_same_v<One, AttemptStarted>) {
          follow.of_job(one.key.job);
        } else if constexpr (std::is_same_v<One, JobRequeued>) {
          follow.of_requeued(one.job);
          follow.of_namesakes(one.job, true);
        } else if constexpr (std::is_same_v<One, JobEnded>) {
          follow.of_job(one.job);
          follow.of_namesakes(one.job, false);
        } else if constexpr (std::is_same_v<One, ArrayTaskStarted> ||
                             std::is_same_v<One, ArrayTasksEnded>) {
          follow.of_array(one.array);
        } else if constexpr (std::is_same_v<One, ArrayTasksRenewed>) {
          follow.of_requeued(one.array);
          follow.of_namesakes(one.array, true);
          follow.of_dependent(one.array);
        } else if constexpr (std::is_same_v<One, JobSubmitted> ||
                             std::is_same_v<One, DependencyChanged> ||
                             std::is_same_v<One, DependenciesSet>) {
          follow.of_dependent(one.job);
        }
      },
      event);
  return follow.take();
}

std::vector<JobId> find_dependency_cycle(const State& state, const Job& job,
                                         const Dependencies& dependencies) {
  std::map<JobId, JobId> reached_from;  // by whom each was come to, for telling the way
  std::vector<JobId> open;
  const auto reach = [&](JobId from, const std::vector<JobId>& parents) {
    for (const JobId parent : parents) {
      if (reached_from.emplace(parent, from).second) open.push_back(parent);
    }
  };
  reach(job.id, parents_of(state, job, dependencies));
  while (!open.empty() && !reached_from.contains(job.id)) {
    const Job* next = state.find_job(open.back());
    open.pop_back();
    if (next == nullptr || is_final(next->state)) continue;
    reach(next->id, parents_of(state, *next, next->dependencies.wanted));
  }
  if (!reached_from.contains(job.id)) return {};
  std::vector<JobId> way{job.id};
  do way.push_back(reached_from.at(way.back()));
  while (way.back() != job.id);
  std::ranges::reverse(way);
  return way;
}

}  // namespace usine
