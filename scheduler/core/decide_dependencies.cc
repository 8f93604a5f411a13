// Decisions on what jobs wait for in other jobs: a change of it, and what every event means for
// those that wait.
#include <string>

#include "scheduler/core/arrays.h"
#include "scheduler/core/decider.h"
#include "scheduler/core/dependencies.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

std::string job_text(JobId id) { return "job " + std::to_string(id.value); }

std::string way_text(const std::vector<JobId>& way) {
  std::string text;
  for (const JobId id : way) {
    text += text.empty() ? job_text(id) : ", which waits for " + job_text(id);
  }
  return text;
}

// The job, where this caller may change what it waits for.
Result<const Job*> changeable_job(const State& state, const SetDependencies& command) {
  const Job* job = state.find_job(command.job);
  if (job == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no " + job_text(command.job) +
                                          " in the queue; `usine history` lists finished ones");
  }
  if (job->request->user != command.caller.user && !command.caller.is_operator) {
    return fail(ErrorCode::kPermission,
                job_text(command.job) +
                    " belongs to another user; only its owner and operators may change it");
  }
  if (job->state != JobState::kPending) {
    return fail(ErrorCode::kConflict, job_text(command.job) + " is " +
                                          std::string(to_string(job->state)) +
                                          "; only a waiting job's dependencies can be changed");
  }
  return job;
}

}  // namespace

Result<Event> change_of(const State& state, const SetDependencies& command, Time now) {
  const auto job = changeable_job(state, command);
  if (!job) return fail(job.error());
  const JobRequest& request = *(*job)->request;
  JobDependencies fresh{command.dependencies, {}};
  if (fresh.wanted.items.size() > kDependenciesMax) {
    return fail(ErrorCode::kInvalid, std::to_string(fresh.wanted.items.size()) +
                                         " dependencies are more than the limit of " +
                                         std::to_string(kDependenciesMax));
  }
  const auto way = find_dependency_cycle(state, **job, fresh.wanted);
  if (!way.empty()) {
    return fail(ErrorCode::kRefused, "that would never start: " + way_text(way));
  }
  auto statuses = statuses_of(state, {command.job, request}, fresh.wanted, command.past);
  if (!statuses) return fail(statuses.error());
  fresh.statuses = *std::move(statuses);
  return DependenciesSet{command.job, std::move(fresh), now};
}

void follow_dependencies(Decider& decider) {
  // What is emitted here is followed in turn, so that a chain of any length needs no recursion.
  while (decider.followed < decider.events.size()) {
    const Event event = decider.events[decider.followed++];
    for (Event& next : array_consequences(decider.state, event, decider.now)) {
      decider.emit(std::move(next));
    }
    for (Event& next : dependency_consequences(decider.state, event, decider.now)) {
      decider.emit(std::move(next));
    }
    for (Event& next : reservation_consequences(decider.state, event)) {
      decider.emit(std::move(next));
    }
  }
}

}  // namespace usine
