// File name patterns of --output, --error and --input, with Slurm's letters. Pure.
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

// Replaces %j job id, %A array id (job id without an array), %a array index, %J job.step, %s step,
// %x job name, %u user, %N node name up to its first dot, %n node index, %t task, %% one percent
// sign. A number between % and a letter pads numbers with zeros ("%4t": 0007), to at most 10
// digits. Other letters stay as they are. A name's slashes become underscores, so that it stays one
// file name. A pattern with a backslash is taken literally, without its backslashes.
[[nodiscard]] std::string expand_pattern(std::string_view pattern, const LaunchJob& job,
                                         const PatternTask& task);

}  // namespace usine::agent
