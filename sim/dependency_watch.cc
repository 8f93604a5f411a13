#include "sim/dependency_watch.h"

#include <algorithm>
#include <variant>

namespace usine::sim {
namespace {

bool is_failure(JobState state) {
  return state != JobState::kCompleted && state != JobState::kCancelled;
}

}  // namespace

std::string DependencyWatch::take(const Event& event) {
  if (const auto* const submitted = std::get_if<JobSubmitted>(&event)) {
    on(*submitted);
  } else if (const auto* const changed = std::get_if<DependenciesSet>(&event)) {
    set_wanted(changed->job, changed->dependencies.wanted);
  } else if (const auto* const task = std::get_if<ArrayTaskStarted>(&event)) {
    return on(*task);
  } else if (const auto* const renewed = std::get_if<ArrayTasksRenewed>(&event)) {
    on(*renewed);
  } else if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
    return on(*placed);
  } else if (const auto* const started = std::get_if<AttemptStarted>(&event)) {
    on(*started);
  } else if (const auto* const requeued = std::get_if<JobRequeued>(&event)) {
    on(*requeued);
  } else if (const auto* const ended = std::get_if<JobEnded>(&event)) {
    on(*ended);
  } else if (const auto* const forgotten = std::get_if<JobForgotten>(&event)) {
    lives_.at(forgotten->job).forgotten = true;
  }
  return {};
}

std::string DependencyWatch::on(const ArrayTaskStarted& event) {
  Life& array = lives_.at(event.array);
  const std::uint32_t index = array.request->array->nth(event.position);
  std::string fault = check({event.array, index, event.at});
  tasks_[event.job] = {event.array, index};
  lives_[event.job].request = lives_.at(event.array).request;
  if (!array.started) array.started = event.at;
  return fault;
}

// A task that was put back waits for nothing any more: its array has.
std::string DependencyWatch::on(const AttemptPlaced& event) {
  const bool is_task = tasks_.contains(event.job);
  std::string fault = is_task ? "" : check({event.job, std::nullopt, event.at});
  lives_.at(event.job).active = true;
  return fault;
}

void DependencyWatch::on(const ArrayTasksRenewed& event) {
  Life& array = lives_.at(event.array);
  array.ended.reset();
  for (const auto& [first, last] : event.tasks.intervals()) {
    for (std::uint32_t position = first; position <= last; ++position) {
      outcomes_.erase({event.array, array.request->array->nth(position)});
    }
  }
}

void DependencyWatch::on(const JobSubmitted& event) {
  lives_[event.job].request = event.request;
  set_wanted(event.job, event.request->dependencies);
}

void DependencyWatch::set_wanted(JobId job, const Dependencies& wanted) {
  Life& life = lives_.at(job);
  life.wanted = wanted;
  life.from_history.clear();
  for (const Dependency& item : wanted.items) {
    const auto parent = lives_.find(item.job);
    if (parent != lives_.end() && parent->second.forgotten) life.from_history.insert(item.job);
  }
}

void DependencyWatch::on(const AttemptStarted& event) {
  lives_.at(event.key.job).started = event.at;
}

void DependencyWatch::on(const JobRequeued& event) {
  Life& life = lives_.at(event.job);
  life.active = false;
  life.started.reset();
}

void DependencyWatch::on(const JobEnded& event) {
  Life& life = lives_.at(event.job);
  life.active = false;
  life.ended = event.at;
  life.outcome = event.outcome;
  const auto task = tasks_.find(event.job);
  if (task != tasks_.end()) outcomes_[{task->second.array, task->second.index}] = event.outcome;
}

std::string DependencyWatch::check(const Start& start) const {
  const Dependencies& wanted = lives_.at(start.job).wanted;
  if (wanted.empty()) return {};
  const auto one_allows = [&](const Dependency& item) { return allows(item, start); };
  const bool allowed = wanted.any ? std::ranges::any_of(wanted.items, one_allows)
                                  : std::ranges::all_of(wanted.items, one_allows);
  if (allowed) return {};
  return "[B11] job " + std::to_string(start.job.value) + " starts although it depends on " +
         to_string(wanted);
}

bool DependencyWatch::allows(const Dependency& item, const Start& start) const {
  if (item.kind == DependencyKind::kSingleton) return is_alone(start.job);
  const Life& parent = lives_.at(item.job);
  if (item.kind == DependencyKind::kAfter) {
    const auto from = parent.started ? parent.started : parent.ended;
    return from && *from + item.delay <= start.at;
  }
  // Of an array that only history knew, its tasks are not told apart (B17).
  const bool by_task = !lives_.at(start.job).from_history.contains(item.job);
  if (item.kind == DependencyKind::kAfterCorr && start.index && parent.request->array && by_task) {
    return allows_task(item, *start.index);
  }
  if (!parent.ended) return false;
  if (item.kind == DependencyKind::kAfterAny) return true;
  if (item.kind == DependencyKind::kAfterNotOk) return is_failure(parent.outcome);
  return parent.outcome == JobState::kCompleted;
}

bool DependencyWatch::allows_task(const Dependency& item, std::uint32_t index) const {
  const auto found = outcomes_.find({item.job, index});
  return found != outcomes_.end() && found->second == JobState::kCompleted;
}

// No other job of its user and name runs, and none that was submitted before it waits.
bool DependencyWatch::is_alone(JobId job) const {
  const JobRequest& request = *lives_.at(job).request;
  return std::ranges::none_of(lives_, [&](const auto& entry) {
    const auto& [id, life] = entry;
    const bool same = life.request->user == request.user && life.request->name == request.name;
    if (id == job || !same || life.ended) return false;
    const auto task = tasks_.find(id);
    if (task != tasks_.end() && task->second.array == job) return false;
    return life.active || id < job;
  });
}

}  // namespace usine::sim
