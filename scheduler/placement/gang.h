// Where a whole gang goes: all of its nodes or none (B28, B29, B30). The smallest leaf switch that
// holds it, else the fewest leaves; on a leaf the fullest nodes first; ties go to the lowest name.
#pragma once

#include <expected>
#include <set>

#include "common/ids.h"
#include "model/allocation.h"
#include "model/reason.h"
#include "model/request.h"
#include "scheduler/placement/machine.h"

namespace usine {

// Books the gang on `machine` and returns where, in rank order: leaf by leaf, so that consecutive
// ranks share a leaf (B35). Where it does not fit, nothing is booked and the reason says what
// lacks. `avoid`: nodes that are kept for another job.
[[nodiscard]] std::expected<Allocation, Reason> place_gang(Machine& machine, PartitionId partition,
                                                           const JobRequest& request,
                                                           const std::set<NodeId>& avoid = {});

}  // namespace usine
