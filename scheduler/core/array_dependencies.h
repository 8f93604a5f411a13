// Dependencies that reach into arrays (B15): on one task of an array, and of each task of an array
// on the task with the same index of another. Pure.
#pragma once

#include <optional>

#include "common/interval_set.h"
#include "model/dependency.h"
#include "scheduler/core/state.h"

namespace usine {

// How a job, or a task of an array, stands that others wait for.
struct Standing {
  std::optional<Time> started;
  std::optional<Time> ended;
  JobState state = JobState::kPending;
};

// The task of that index of the array; none where the array has no such task.
[[nodiscard]] std::optional<Standing> standing_of_task(const State& state, const Job& array,
                                                       std::uint32_t index);

// Some tasks of an array, by position.
struct TaskSet {
  const ArraySpec& spec;
  const IntervalSet& positions;
};

// Where an aftercorr stands whose dependent tasks are these, all of which wait: met where it lets
// at least one start, never where it can let none any more. `parent` is a job of the state; one
// that is no array stands for every index.
[[nodiscard]] DependencyStatus corresponding_status(const State& state, const TaskSet& dependents,
                                                    const Job& parent);

// The tasks of `array` that wait and that its dependencies let start at `now`, by position. Where
// they go task by task and any one suffices, a time of another part may still lie ahead when the
// first tasks are free to start.
[[nodiscard]] IntervalSet ready_tasks(const State& state, const Job& array, Time now);

}  // namespace usine
