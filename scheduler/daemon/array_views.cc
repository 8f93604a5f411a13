#include "scheduler/daemon/array_views.h"

#include <map>
#include <string>
#include <string_view>

namespace usine::daemon {
namespace {

struct Group {
  std::uint64_t tasks = 0;
  IntervalSet named;  // positions whose indexes are shown
};

// By the word of their state: tasks with a job count as pending or running, the others by where
// they are.
std::map<JobState, Group> groups_of(const ArrayTasks& tasks) {
  std::map<JobState, Group> groups;
  groups[JobState::kPending] = {tasks.pending.count() + tasks.waiting.size(), tasks.pending};
  groups[JobState::kRunning] = {tasks.active(), {}};
  for (const auto& [outcome, positions] : tasks.ended) {
    groups[outcome] = {positions.count(), positions};
  }
  return groups;
}

std::unexpected<Error> unknown_task(const proto::GetJobRequest& request, const char* remedy) {
  return fail(ErrorCode::kNotFound, "there is no task " + std::to_string(request.job()) + '_' +
                                        std::to_string(request.array_index()) + ": " + remedy);
}

// The newest job among those of the task, which may have run more than once.
const Job* latest_job_of_task(const State& state, JobId array, std::uint32_t index) {
  const Job* latest = nullptr;
  for (auto at = state.jobs.upper_bound(array); at != state.jobs.end(); ++at) {
    if (at->second.array_id == array && at->second.array_index == index) latest = &at->second;
  }
  return latest;
}

}  // namespace

void add_array(const State& state, const Job& job, std::size_t ranges_max,
               proto::JobSummary& summary) {
  summary.set_array_id(job.array_id.value);
  summary.set_array_index(job.array_index);
  if (!job.is_array()) return;
  const ArraySpec& spec = *job.request->array;
  const ArrayTasks& tasks = state.arrays.at(job.id);
  proto::ArrayInfo& info = *summary.mutable_array();
  info.Clear();
  info.set_tasks(spec.count());
  info.set_limit(tasks.limit);
  for (const auto& [word, group] : groups_of(tasks)) {
    if (group.tasks == 0) continue;
    proto::ArrayTaskCount& count = *info.add_counts();
    count.set_state(std::string(to_string(word)));
    count.set_tasks(static_cast<std::uint32_t>(group.tasks));
    count.set_indexes(format_indexes(spec, group.named, ranges_max));
  }
}

Result<JobId> named_job(const State& state, const proto::GetJobRequest& request) {
  const JobId id{request.job()};
  if (!request.has_array_index()) return id;
  if (const Job* task = latest_job_of_task(state, id, request.array_index())) return task->id;
  const Job* array = state.find_job(id);
  if (array == nullptr) return unknown_task(request, "`usine history` has what ended a while ago");
  const bool has_it = array->is_array() && array->request->array->contains(request.array_index());
  if (!has_it) return unknown_task(request, "`usine show job` with the array's id lists its tasks");
  if (is_final(array->state)) {
    return unknown_task(request, "it ended a while ago, and `usine history` has it");
  }
  return id;
}

}  // namespace usine::daemon
