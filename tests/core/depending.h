// Jobs that depend on others, and what happens to those others: what the tests of dependencies
// share.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/dependencies.h"
#include "tests/support/core_driver.h"

namespace usine::test {

// A cluster whose nodes are up.
struct Ready : CoreDriver {
  explicit Ready(ClusterConfig config = cluster_of(4)) : CoreDriver(std::move(config)) {
    join_all();
  }
};

// A job of the name "train" that depends on others as the text says.
inline JobRequest depending(const std::string& text, std::uint32_t cores = 1) {
  JobRequest request = request_for({.cores = cores});
  request.dependencies = *parse_dependencies(text);
  return request;
}

inline JobRequest array_of(const std::string& spec, const std::string& dependency = "") {
  JobRequest request = dependency.empty() ? request_for({}) : depending(dependency);
  request.array = *parse_array_spec(spec);
  return request;
}

// The job of the array's task of that index; 0 where the task has none.
inline JobId task_of(const CoreDriver& core, JobId array, std::uint32_t index) {
  for (const auto& [id, job] : core.state.jobs) {
    if (job.array_id == array && job.array_index == index) return id;
  }
  return {};
}

inline std::string id_text(JobId id) { return std::to_string(id.value); }

inline SubmitJob submission(JobRequest request, std::vector<PastJob> past = {}) {
  const Caller caller = CoreDriver::user(request.user);
  return {caller, std::make_shared<const JobRequest>(std::move(request)), false, std::move(past)};
}

inline SetDependencies change(JobId job, const std::string& text, const std::string& user = "ada") {
  Dependencies wanted;
  if (!text.empty()) wanted = *parse_dependencies(text);
  return {CoreDriver::user(user), job, wanted, {}};
}

inline DependencyPhase phase_of(const CoreDriver& core, JobId job) {
  return core.job(job).dependencies.verdict().phase;
}

inline ExitStatus failure() { return {EndCause::kExited, 1, 0, ""}; }

inline ReasonKind reason_of(CoreDriver& core, JobId job) {
  return core.plan().reasons.at(job).kind;
}

}  // namespace usine::test
