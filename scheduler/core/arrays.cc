#include "scheduler/core/arrays.h"

#include <algorithm>

#include "common/check.h"
#include "scheduler/core/array_dependencies.h"
#include "scheduler/core/derived.h"

namespace usine {
namespace {

ArrayTasks& tasks_of(State& state, JobId array) {
  const auto found = state.arrays.find(array);
  CHECK_THAT(found != state.arrays.end());
  return found->second;
}

Job& array_job(State& state, JobId array) {
  const auto found = state.jobs.find(array);
  CHECK_THAT(found != state.jobs.end() && found->second.is_array());
  return found->second;
}

// The array's own state while it is not over.
void update_state(Job& array, const ArrayTasks& tasks) {
  array.state = tasks.pending.empty() ? JobState::kRunning : JobState::kPending;
}

// How the array ended, told from its tasks.
JobEnded end_of(const Job& array, const ArrayTasks& tasks, Time now) {
  const auto count = [&tasks](JobState outcome) {
    const auto found = tasks.ended.find(outcome);
    return found == tasks.ended.end() ? 0 : found->second.count();
  };
  const std::uint64_t all = array.request->array->count();
  const std::uint64_t cancelled = count(JobState::kCancelled);
  const std::uint64_t failed = all - cancelled - count(JobState::kCompleted);
  JobEnded event{array.id, JobState::kCompleted, {}, {}, now};
  const std::string of_all = " of " + std::to_string(all) + " tasks ";
  if (failed > 0) {
    event.outcome = JobState::kFailed;
    event.exit.exit_code = 1;
    event.message = std::to_string(failed) + of_all + "failed";
  } else if (cancelled > 0) {
    event.outcome = JobState::kCancelled;
    event.message = std::to_string(cancelled) + of_all + "were cancelled";
  }
  return event;
}

std::uint32_t position_of(const Job& task) {
  return *task.request->array->position_of(task.array_index);
}

}  // namespace

std::uint64_t startable_tasks(const State& state, const Job& job, Time now) {
  if (job.state != JobState::kPending) return 0;
  if (!job.request->array) return 1;
  const auto found = state.arrays.find(job.is_task() ? job.array_id : job.id);
  if (found == state.arrays.end()) return 1;
  const ArrayTasks& tasks = found->second;
  const std::uint64_t wanted = job.is_task() ? 1 : ready_tasks(state, job, now).count();
  if (tasks.limit == 0) return wanted;
  return std::min(wanted, tasks.limit - std::min<std::uint64_t>(tasks.limit, tasks.active()));
}

std::vector<JobId> affected_by_limit(const State& state, JobId array) {
  const auto found = state.arrays.find(array);
  if (found == state.arrays.end()) return {};
  const ArrayTasks& tasks = found->second;
  // One start or end moves it to its limit or away from it.
  const bool near = tasks.active() == tasks.limit || tasks.active() + 1 == tasks.limit;
  if (tasks.limit == 0 || !near) return {};
  std::vector<JobId> jobs(tasks.waiting.begin(), tasks.waiting.end());
  jobs.push_back(array);
  return jobs;
}

std::vector<Event> start_events(const State& state, const ProposedStart& start, Time now) {
  const Job& job = *state.find_job(start.job);
  if (!job.is_array()) {
    return {
        AttemptPlaced{job.id, AttemptNumber{job.attempts + 1}, state.epoch, start.allocation, now}};
  }
  const std::uint32_t position = ready_tasks(state, job, now).front();
  return {ArrayTaskStarted{job.id, position, state.next_job, now},
          AttemptPlaced{state.next_job, AttemptNumber{1}, state.epoch, start.allocation, now}};
}

std::vector<Event> array_consequences(const State& state, const Event& event, Time now) {
  JobId array;
  if (const auto* ended = std::get_if<JobEnded>(&event)) {
    array = state.find_job(ended->job)->array_id;
  } else if (const auto* unstarted = std::get_if<ArrayTasksEnded>(&event)) {
    array = unstarted->array;
  }
  const auto tasks = state.arrays.find(array);
  if (tasks == state.arrays.end() || !is_through(tasks->second)) return {};
  const Job& job = *state.find_job(array);
  if (is_final(job.state)) return {};
  return {end_of(job, tasks->second, now)};
}

Event end_of_waiting(const State& state, JobEnded end) {
  const auto tasks = state.arrays.find(end.job);
  if (tasks == state.arrays.end() || tasks->second.live.empty()) return end;
  return ArrayTasksEnded{end.job, tasks->second.pending, end.outcome};
}

std::string job_name(const Job& job) {
  if (!job.is_task()) return std::to_string(job.id.value);
  return std::to_string(job.array_id.value) + '_' + std::to_string(job.array_index);
}

const ArrayTasks* array_of_task(const State& state, const Job& task) {
  const auto found = state.arrays.find(task.array_id);
  return found == state.arrays.end() ? nullptr : &found->second;
}

bool is_through(const ArrayTasks& tasks) { return tasks.pending.empty() && tasks.live.empty(); }

void on_array_submitted(State& state, const Job& job) {
  if (!job.is_array()) return;
  ArrayTasks& tasks = state.arrays[job.id];
  tasks.pending = IntervalSet::first_numbers(job.request->array->count());
  tasks.limit = job.request->array->limit;
}

void on_task_started(State& state, const ArrayTaskStarted& event) {
  Job& array = array_job(state, event.array);
  ArrayTasks& tasks = tasks_of(state, event.array);
  CHECK_THAT(tasks.pending.contains(event.position) && event.job >= state.next_job);
  remove_deadlines(state, array);
  tasks.pending.erase(event.position);
  tasks.live[event.position] = event.job;
  tasks.waiting.insert(event.job);
  update_state(array, tasks);
  if (!array.started) array.started = event.at;
  add_deadlines(state, array);
  Job task = array;
  task.id = event.job;
  task.array_id = event.array;
  task.array_index = array.request->array->nth(event.position);
  task.state = JobState::kPending;
  task.started.reset();
  task.dependencies = {};  // the array's were met
  state.next_job = JobId{event.job.value + 1};
  const auto place = state.jobs.emplace_hint(state.jobs.end(), event.job, std::move(task));
  link_job(state, place->second);
  add_deadlines(state, place->second);
}

void on_tasks_ended(State& state, const ArrayTasksEnded& event) {
  Job& array = array_job(state, event.array);
  ArrayTasks& tasks = tasks_of(state, event.array);
  remove_deadlines(state, array);
  tasks.pending.erase_all(event.tasks);
  tasks.ended[event.outcome].insert_all(event.tasks);
  update_state(array, tasks);
  add_deadlines(state, array);
}

void on_tasks_renewed(State& state, const ArrayTasksRenewed& event) {
  Job& array = array_job(state, event.array);
  ArrayTasks& tasks = tasks_of(state, event.array);
  remove_deadlines(state, array);
  for (auto& [outcome, positions] : tasks.ended) positions.erase_all(event.tasks);
  std::erase_if(tasks.ended, [](const auto& one) { return one.second.empty(); });
  tasks.pending.insert_all(event.tasks);
  if (array.ended) {
    ++array.requeues;
    link_job(state, array);
  }
  array.ended.reset();
  array.exit = {};
  array.message.clear();
  update_state(array, tasks);
  add_deadlines(state, array);
}

void on_limit_set(State& state, const ArrayLimitSet& event) {
  tasks_of(state, event.array).limit = event.limit;
}

void on_attempt_changed(State& state, const Job& job, bool has_attempt) {
  const auto found = state.arrays.find(job.array_id);
  if (found == state.arrays.end()) return;
  if (has_attempt) {
    CHECK_THAT(found->second.waiting.erase(job.id) == 1);
  } else {
    found->second.waiting.insert(job.id);
  }
}

void on_array_job_ended(State& state, const Job& job) {
  const auto found = state.arrays.find(job.is_task() ? job.array_id : job.id);
  if (found == state.arrays.end()) return;
  ArrayTasks& tasks = found->second;
  if (job.is_task()) {
    const std::uint32_t position = position_of(job);
    CHECK_THAT(tasks.live.erase(position) == 1);
    tasks.waiting.erase(job.id);
    tasks.ended[job.state].insert(position);
    return;
  }
  CHECK_THAT(tasks.live.empty());
  if (tasks.pending.empty()) return;
  tasks.ended[job.state].insert_all(tasks.pending);
  tasks.pending = {};
}

}  // namespace usine
