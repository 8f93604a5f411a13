// Whether what runs lies where its request asked: on nodes with the features, of no excluded name,
// in one domain of the required level and never on two sites, in whole segments, all gang or none.
// For simulations whose cluster keeps its shape. Pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/state.h"

namespace usine::sim {

// One line for each job that is not where it should be.
[[nodiscard]] std::vector<std::string> misplaced(const State& state);

}  // namespace usine::sim
