// How soon jobs start on more nodes than one machine can have processes for: the scheduler, the
// network and the agents' cores are the production's, and no process is started.
#pragma once

#include <cstddef>
#include <vector>

#include "common/result.h"

namespace usine::bench {

// From the call that submits a job over all nodes to the moment when its head's agent would have
// the script run, in ms, for each of `jobs` jobs, one after the other on an idle cluster. Errors:
// kUnavailable, those of the calls.
[[nodiscard]] Result<std::vector<double>> measure_fleet_starts(std::size_t nodes, std::size_t jobs);

}  // namespace usine::bench
