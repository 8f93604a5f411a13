// The job folder's `spec` as values: what to launch, and how the shepherd itself behaves. Read once
// when the shepherd starts.
#pragma once

#include <cstddef>
#include <string>

#include "agent/core/launch_job.h"
#include "agent/shepherd/containment.h"
#include "common/result.h"
#include "common/time.h"

namespace usine::shepherd {

struct JobSpec {
  agent::LaunchJob launch;
  std::string script;
  std::string job_key;       // what peers and remote clients greet with
  std::string listen_host;   // where peers reach this shepherd
  Millis kill_wait{0};       // between TERM and KILL when a step ends its ranks
  bool interactive = false;  // no script: the first client is the job, by a step or by holding it
  std::size_t tree_width = 32;  // lines from one shepherd to others in a step
  Containment containment;
};

// Errors: those of reading the file; kCorrupt, kInvalid for a specification that contradicts
// itself.
[[nodiscard]] Result<JobSpec> read_job_spec(const std::string& job_folder);

}  // namespace usine::shepherd
