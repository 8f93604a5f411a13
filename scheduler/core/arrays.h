// Job arrays in the state: which tasks wait, which have jobs, how the others ended. apply_event()
// keeps the books of ArrayTasks by the functions below; everybody else asks. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"

namespace usine {

// How many starts of this job a plan may propose at `now`: of an array as many as tasks are ready
// and its limit leaves room for, of a task that was put back one if the limit does, of another
// waiting job one.
[[nodiscard]] std::uint64_t startable_tasks(const State& state, const Job& job, Time now);

// The waiting jobs that the limit of an array keeps back or lets start when one of its tasks starts
// or ends: the array itself and its tasks that were put back. Empty where that changed nothing.
[[nodiscard]] std::vector<JobId> affected_by_limit(const State& state, JobId array);

// The events of a proposed start, in their order: for an array the next task that waits gets a job,
// which is then placed. The job must be startable.
[[nodiscard]] std::vector<Event> start_events(const State& state, const ProposedStart& start,
                                              Time now);

// What `event` means for an array: its end where the last of its tasks has ended. `state` has the
// event applied.
[[nodiscard]] std::vector<Event> array_consequences(const State& state, const Event& event,
                                                    Time now);

// The end of a job that waits, whatever it is: of an array some tasks of which have started, only
// the others end.
[[nodiscard]] Event end_of_waiting(const State& state, JobEnded end);

// "1234_7" of a task, "1234" of any other job.
[[nodiscard]] std::string job_name(const Job& job);

// The array of a task; null for other jobs, and once the array is forgotten.
[[nodiscard]] const ArrayTasks* array_of_task(const State& state, const Job& task);

// Whether the array has nothing left to run: its job ends then.
[[nodiscard]] bool is_through(const ArrayTasks& tasks);

// What apply_event() does for arrays.
void on_array_submitted(State& state, const Job& job);
void on_task_started(State& state, const ArrayTaskStarted& event);
void on_tasks_ended(State& state, const ArrayTasksEnded& event);
void on_tasks_renewed(State& state, const ArrayTasksRenewed& event);
void on_limit_set(State& state, const ArrayLimitSet& event);
// The job, if it is a task, has got an attempt or lost it.
void on_attempt_changed(State& state, const Job& job, bool has_attempt);
// The job has its final state; for an array: what still waits never runs.
void on_array_job_ended(State& state, const Job& job);

}  // namespace usine
