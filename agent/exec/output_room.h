// Whether what a process wrote last may be missing because its file system is full. Processes
// write to their output files themselves, and most take no note of it. Called on the shepherd's
// poll thread.
#pragma once

#include <string>

#include "agent/core/launch_plan.h"

namespace usine::exec {

// The output and error files of a process, absolute, and who writes to them.
struct OutputFiles {
  std::string output{};
  std::string error{};  // empty: the same
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
[[nodiscard]] OutputFiles output_files_of(const agent::ProcessPlan& plan);

// One line that names the first of them whose file system has no room for its user; empty where
// both have. Looked at with the user's rights. A quota that is used up is not seen.
[[nodiscard]] std::string without_room(const OutputFiles& files);

}  // namespace usine::exec
