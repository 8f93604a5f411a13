// What to execute for the batch script and for each task of a step, and how: everything that is
// decided before a process is forked. Pure; exec/ carries a plan out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/launch_environment.h"
#include "agent/core/launch_job.h"
#include "agent/core/launch_layout.h"
#include "common/result.h"

namespace usine::agent {

struct ProcessPlan {
  std::vector<std::string> argv;         // argv[0] without a slash is looked for in PATH
  bool by_script = false;                // argv[0] is what a script's first line names
  std::vector<std::string> environment;  // "NAME=value" each
  std::string working_directory;
  std::string input;   // paths, relative to the working directory or absolute;
  std::string output;  // empty where the one who starts the process gives descriptors instead
  std::string error;   // empty: with output
  bool append = false;
  std::uint32_t umask = 022;
  std::vector<ResourceLimit> limits;
  std::vector<std::uint32_t> pus;  // to be bound to; empty: not bound
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;  // for the supplementary groups
};

struct BatchScript {
  std::string_view text;
  std::string path;  // where it has been written
};

// Error: kInvalid where the script's first line names no interpreter: it would be run by a guess.
[[nodiscard]] Status check_script(std::string_view script);
// Runs the script's interpreter as the kernel would (execve(2), "Interpreter scripts"), so that job
// folders may lie where nothing is executed. The script has been checked.
[[nodiscard]] ProcessPlan plan_batch(const LaunchJob& job, const BatchScript& script,
                                     const MeetingPoint& meeting);

// What `usine run` sent.
struct StepCommand {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string working_directory;  // empty: the job's
};

// One task, connected to its shepherd by pipes; what it is bound to is the caller's to add.
[[nodiscard]] ProcessPlan plan_task(const LaunchJob& job, const StepCommand& command,
                                    const MeetingPoint& meeting, const TaskPlace& place);

}  // namespace usine::agent
