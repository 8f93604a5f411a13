// File names of --output, --error and --input for one process of a job (model/file_pattern.h).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/core/launch_job.h"

namespace usine::agent {

// Which process of the job the name is for; the batch script is task 0 outside any step.
struct PatternTask {
  std::string node_name;
  std::uint32_t node_index = 0;
  std::uint32_t task = 0;
  std::string step = "batch";
};

// The pattern for this process, by the rules of expand_file_pattern().
[[nodiscard]] std::string expand_pattern(std::string_view pattern, const LaunchJob& job,
                                         const PatternTask& task);

}  // namespace usine::agent
