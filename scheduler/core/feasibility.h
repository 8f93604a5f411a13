// Whether a partition's nodes, all of them up and idle, could ever hold a request. What cannot is
// refused at submission with the limit named (B4); what only waits for nodes now down stays (B5).
#pragma once

#include "common/result.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

// Error: kRefused naming the first limit that is exceeded, with both numbers; kNotFound for a node
// name that the cluster does not have.
[[nodiscard]] Status check_feasible(const State& state, PartitionId partition,
                                    const JobRequest& request);

// Whether a node of this shape could hold the share when idle.
[[nodiscard]] bool could_hold(const NodeShape& shape, const Component& component);

// The GPUs of this shape that are of the type asked for; all where none is asked for.
[[nodiscard]] GpuSet gpus_of_type(const NodeShape& shape, const NodeDemand& demand);

// The memory that a share takes: as asked, all of it, or in proportion to its cores.
[[nodiscard]] std::int64_t memory_of_share(const NodeShape& shape, const NodeDemand& demand);

}  // namespace usine
