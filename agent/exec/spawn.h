// Turns a ProcessPlan into a process: a session of its own with the plan's folder, files, limits,
// cores and user. Called on the shepherd's poll thread; what the child does between fork and exec
// is all prepared before, since libpmix has a thread of its own.
#pragma once

#include <expected>
#include <string>
#include <sys/types.h>

#include "agent/contain/entry.h"
#include "agent/core/launch_plan.h"

namespace usine::exec {

// Descriptors for the process's streams; -1 where the plan names a file.
struct Streams {
  int input = -1;
  int output = -1;
  int error = -1;
  bool terminal = false;  // `input` is one, and becomes the process's controlling terminal
};

struct SpawnError {
  bool node_fault =
      false;            // the machine is out of something, not the job wrong nor its limits (B45)
  std::string message;  // one line for the job's owner
};

// The process leads a session and process group of its own, is in the groups of `entry` before it
// does anything of the job's, and is killed should we die first.
[[nodiscard]] std::expected<pid_t, SpawnError> spawn(const agent::ProcessPlan& plan,
                                                     const Streams& streams,
                                                     const contain::Entry& entry = {});

}  // namespace usine::exec
