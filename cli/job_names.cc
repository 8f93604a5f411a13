#include "cli/job_names.h"

#include "cli/jobs.h"
#include "model/array_spec.h"
#include "model/job_state.h"

namespace usine::cli {
namespace {

std::string task_name(std::uint64_t array, std::uint32_t index) {
  return std::to_string(array) + '_' + std::to_string(index);
}

// "[1-3,9]" without its brackets; other text as it is.
std::string without_brackets(const std::string& text) {
  const bool has_them = text.size() > 2 && text.front() == '[' && text.back() == ']';
  return has_them ? text.substr(1, text.size() - 2) : text;
}

std::string pending_indexes(const proto::ArrayInfo& array) {
  for (const proto::ArrayTaskCount& count : array.counts()) {
    if (count.state() == to_string(JobState::kPending)) return count.indexes();
  }
  return {};
}

}  // namespace

Result<JobName> parse_job_name(const std::string& text) {
  const std::size_t underscore = text.find('_');
  const auto job = parse_job_id(text.substr(0, underscore));
  if (!job) {
    return fail(ErrorCode::kInvalid,
                "'" + text +
                    "' is not a job id, such as 42, or a task of an array, such as 42_7 "
                    "or 42_[1-3,9]: `usine queue` lists them");
  }
  if (underscore == std::string::npos) return JobName{*job, {}};
  JobName name{*job, without_brackets(text.substr(underscore + 1))};
  if (const auto tasks = parse_array_spec(name.tasks); !tasks) {
    return fail(tasks.error().within("'" + text + "'"));
  }
  return name;
}

Result<proto::GetJobRequest> request_for(const std::string& name) {
  const auto parsed = parse_job_name(name);
  if (!parsed) return fail(parsed.error());
  proto::GetJobRequest request;
  request.set_job(parsed->job);
  if (parsed->tasks.empty()) return request;
  const auto tasks = parse_array_spec(parsed->tasks);
  if (!tasks || tasks->count() != 1) {
    return fail(ErrorCode::kInvalid, "'" + name + "' names several tasks; one is needed here");
  }
  request.set_array_index(tasks->lowest());
  return request;
}

Result<std::uint64_t> find_job_id(Client& client, const std::string& name) {
  const auto request = request_for(name);
  if (!request) return fail(request.error());
  if (!request->has_array_index()) return request->job();
  const auto detail = client.get_job(*request);
  if (!detail) return fail(detail.error());
  return detail->summary().id();
}

std::string name_of(const proto::JobSummary& job) {
  if (job.array_id() != 0) return task_name(job.array_id(), job.array_index());
  const std::string indexes = pending_indexes(job.array());
  if (indexes.empty()) return std::to_string(job.id());
  const std::uint32_t limit = job.array().limit();
  return std::to_string(job.id()) + "_[" + indexes +
         (limit == 0 ? "" : '%' + std::to_string(limit)) + ']';
}

std::string name_of(const proto::HistoryEntry& entry) {
  if (entry.array_id() != 0) return task_name(entry.array_id(), entry.array_index());
  return std::to_string(entry.job());
}

std::string counts_text(const proto::JobSummary& job) {
  std::string text;
  for (const proto::ArrayTaskCount& count : job.array().counts()) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count.tasks()) + ' ' + count.state();
  }
  return text;
}

}  // namespace usine::cli
