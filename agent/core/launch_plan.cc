#include "agent/core/launch_plan.h"

#include <algorithm>

#include "agent/core/launch_pattern.h"
#include "model/file_pattern.h"

namespace usine::agent {
namespace {

constexpr const char* kNoInput = "/dev/null";

// What the batch script and tasks have in common.
ProcessPlan plan_of(const LaunchJob& job) {
  ProcessPlan plan;
  plan.working_directory = job.working_directory;
  plan.umask = job.umask;
  plan.limits = job.limits;
  plan.uid = job.uid;
  plan.gid = job.gid;
  plan.user = job.user;
  return plan;
}

// The interpreter and, where the line has more, all of that as one argument; empty: none is named.
std::vector<std::string> interpreter_of(std::string_view script) {
  constexpr std::string_view kBlank = " \t";
  if (!script.starts_with("#!")) return {};
  std::string_view line = script.substr(2, script.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  line = line.substr(0, line.find_last_not_of(kBlank) + 1);
  if (line.empty()) return {};
  const std::size_t end = std::min(line.find_first_of(kBlank), line.size());
  const std::string_view name = line.substr(0, end);
  const bool is_path = name.find('/') != std::string_view::npos;
  std::vector<std::string> words = {(is_path ? "" : "./") + std::string(name)};
  line.remove_prefix(end);
  const std::size_t argument = line.find_first_not_of(kBlank);
  if (argument != std::string_view::npos) words.emplace_back(line.substr(argument));
  return words;
}

}  // namespace

Status check_script(std::string_view script) {
  if (!interpreter_of(script).empty()) return {};
  return fail(ErrorCode::kInvalid,
              "the script's first line must name its interpreter, as '#!/bin/bash' does");
}

ProcessPlan plan_batch(const LaunchJob& job, const BatchScript& script,
                       const MeetingPoint& meeting) {
  ProcessPlan plan = plan_of(job);
  plan.argv = interpreter_of(script.text);
  plan.by_script = true;
  plan.argv.push_back(script.path);
  plan.argv.insert(plan.argv.end(), job.arguments.begin(), job.arguments.end());
  plan.environment = batch_environment(job, meeting).entries();
  const PatternTask batch{.node_name = job.node().name, .node_index = job.this_node};
  const auto expand = [&](const std::string& pattern) {
    return expand_pattern(pattern, job, batch);
  };
  plan.input = job.input.empty() ? kNoInput : expand(job.input);
  plan.output = expand(
      job.output.empty() ? std::string(default_output_pattern(job.array.has_value())) : job.output);
  plan.error = expand(job.error);
  // Opened twice, one file would lose what the other handle writes.
  if (plan.error == plan.output) plan.error.clear();
  plan.append = job.open_mode == OpenMode::kAppend;
  if (!job.emulated) plan.pus = job.node().pus;
  return plan;
}

ProcessPlan plan_task(const LaunchJob& job, const StepCommand& command, const MeetingPoint& meeting,
                      const TaskPlace& place) {
  ProcessPlan plan = plan_of(job);
  plan.argv = command.argv;
  plan.environment = task_environment(job, command.environment, meeting, place).entries();
  if (!command.working_directory.empty()) plan.working_directory = command.working_directory;
  return plan;
}

}  // namespace usine::agent
