// Who goes before a job that must be alone among those of its user and name (B18). Pure.
#pragma once

#include "scheduler/core/state.h"

namespace usine {

// Whether another job of that user and name goes before `job`: one that runs, or was submitted
// earlier.
[[nodiscard]] bool has_namesake_before(const State& state, JobId job, const JobRequest& request);

}  // namespace usine
