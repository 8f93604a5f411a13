// A shepherd as a process: how it is started, so that it outlives the agent, and whether one runs.
// Used by the loop thread.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::agent {

struct ShepherdCommand {
  std::string program;
  std::string folder;    // of its job
  std::string log_file;  // what it writes to standard output and error
};

// Starts it in a session of its own, with nothing of ours open but `agent`, its connection to us.
// Error: kIo; the node is to blame.
[[nodiscard]] Result<pid_t> start_shepherd(const ShepherdCommand& command, os::UniqueFd agent);

// The shepherd of this job folder, where one runs, be it of an earlier agent.
[[nodiscard]] std::optional<pid_t> find_shepherd(const std::string& folder);

// Ends every process whose environment has this entry ("NAME=value"). False where some are still
// there after many tries.
bool end_marked(const std::string& entry);

// Ends what a shepherd that was killed has left running: every process whose environment names the
// socket of this job folder. Without this, a job that is started again elsewhere would run twice.
void end_strays(const std::string& folder);

}  // namespace usine::agent
