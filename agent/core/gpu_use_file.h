// The file `gpu_use` of a job folder, by which an agent tells shepherds, and the agent after it,
// what the job's GPUs here have come to so far. Pure functions.
#pragma once

#include <string>

#include "model/resource_use.h"

namespace usine::agent {

// "SEEN_MS BUSY_MS MEMORY_MIB\n"
[[nodiscard]] std::string gpu_use_text(const ResourceUse& use);
// Nothing seen, where the text is none of those.
[[nodiscard]] ResourceUse gpu_use_from(const std::string& text);

}  // namespace usine::agent
