// Where a share of one node does the least damage: on the fullest node that holds it, on the leaf
// with the fewest idle nodes, so that whole nodes and whole leaves stay whole for larger jobs
// (B62). Pure.
#pragma once

#include <optional>

#include "scheduler/placement/demand.h"
#include "scheduler/placement/domain_search.h"
#include "scheduler/placement/machine.h"

namespace usine {

// A node that is not held and passes `test`; `gpus` (at least 1) is what the share asks for. Looks
// at the most promising leaves only: none may be found where one is that lacks cores elsewhere.
[[nodiscard]] std::optional<NodeId> pack(const Machine& machine, const PartDemand& part,
                                         std::size_t gpus, const NodeTest& test);

}  // namespace usine
