#include "scheduler/core/array_dependencies.h"

#include <algorithm>

#include "common/check.h"
#include "scheduler/core/namesakes.h"

namespace usine {
namespace {

const ArrayTasks& tasks_of(const State& state, JobId array) {
  const auto found = state.arrays.find(array);
  CHECK_THAT(found != state.arrays.end());
  return found->second;
}

// Those of `dependents` whose index is that of a task of `parents`.
IntervalSet with_index_in(const TaskSet& dependents, const TaskSet& parents) {
  if (dependents.spec.ranges == parents.spec.ranges) {
    return dependents.positions.intersection(parents.positions);
  }
  IntervalSet both;
  for (const auto& [first, last] : dependents.positions.intervals()) {
    for (std::uint32_t position = first; position <= last; ++position) {
      const auto parent = parents.spec.position_of(dependents.spec.nth(position));
      if (parent && parents.positions.contains(*parent)) both.insert(position);
    }
  }
  return both;
}

IntervalSet ended_so(const ArrayTasks& tasks, JobState outcome) {
  const auto found = tasks.ended.find(outcome);
  return found == tasks.ended.end() ? IntervalSet() : found->second;
}

// The dependents that the parent lets start now.
IntervalSet released(const State& state, const TaskSet& dependents, const Job& parent) {
  if (!parent.is_array()) {
    return parent.state == JobState::kCompleted ? dependents.positions : IntervalSet();
  }
  const IntervalSet done = ended_so(tasks_of(state, parent.id), JobState::kCompleted);
  return with_index_in(dependents, {*parent.request->array, done});
}

// Whether the parent may still let one of them start, now or later.
bool has_hope(const State& state, const TaskSet& dependents, const Job& parent) {
  if (!parent.is_array()) return !is_final(parent.state);
  const ArrayTasks& tasks = tasks_of(state, parent.id);
  IntervalSet unfinished = tasks.pending;
  for (const auto& [position, job] : tasks.live) unfinished.insert(position);
  return !with_index_in(dependents, {*parent.request->array, unfinished}).empty();
}

bool is_task_by_task(const State& state, const Dependency& item) {
  return item.kind == DependencyKind::kAfterCorr && state.find_job(item.job) != nullptr;
}

// The tasks of an array that wait at a time.
struct Moment {
  const IntervalSet& waiting;
  Time now;
};

// The waiting tasks that part `i` of what the array depends on lets start.
IntervalSet released_by(const State& state, const Job& array, std::size_t i, Moment moment) {
  const Dependency& item = array.dependencies.wanted.items[i];
  if (is_task_by_task(state, item)) {
    return released(state, {*array.request->array, moment.waiting}, *state.find_job(item.job));
  }
  const DependencyStatus& status = array.dependencies.statuses[i];
  bool is_met = status.phase == DependencyPhase::kMet && status.from <= moment.now;
  // A namesake may have been placed by the same plan.
  if (item.kind == DependencyKind::kSingleton) {
    is_met = !has_namesake_before(state, array.id, *array.request);
  }
  return is_met ? moment.waiting : IntervalSet();
}

}  // namespace

std::optional<Standing> standing_of_task(const State& state, const Job& array,
                                         std::uint32_t index) {
  if (!array.is_array()) return std::nullopt;
  const auto position = array.request->array->position_of(index);
  if (!position) return std::nullopt;
  const ArrayTasks& tasks = tasks_of(state, array.id);
  const auto live = tasks.live.find(*position);
  if (live != tasks.live.end()) {
    const Job& task = *state.find_job(live->second);
    return Standing{task.started, task.ended, task.state};
  }
  for (const auto& [outcome, positions] : tasks.ended) {
    // When exactly is not kept for the tasks of an array: long enough ago for everybody.
    if (positions.contains(*position)) return Standing{std::nullopt, Time{}, outcome};
  }
  return Standing{};
}

DependencyStatus corresponding_status(const State& state, const TaskSet& dependents,
                                      const Job& parent) {
  const bool none_waits = dependents.positions.empty();
  if (none_waits || !released(state, dependents, parent).empty()) {
    return {DependencyPhase::kMet, {}};
  }
  if (has_hope(state, dependents, parent)) return {};
  return {DependencyPhase::kNever, {}};
}

IntervalSet ready_tasks(const State& state, const Job& array, Time now) {
  const IntervalSet& pending = tasks_of(state, array.id).pending;
  const Dependencies& wanted = array.dependencies.wanted;
  const bool task_by_task = std::ranges::any_of(
      wanted.items, [&state](const Dependency& item) { return is_task_by_task(state, item); });
  if (!task_by_task) return pending;
  IntervalSet ready = wanted.any ? IntervalSet() : pending;
  for (std::size_t i = 0; i < wanted.items.size(); ++i) {
    const IntervalSet let = released_by(state, array, i, {pending, now});
    if (wanted.any) {
      ready.insert_all(let);
    } else {
      ready = ready.intersection(let);
    }
  }
  return ready;
}

}  // namespace usine
