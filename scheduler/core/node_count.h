// On how many nodes a component goes that was asked for by tasks or GPUs in all: the fewest nodes
// of its partition that hold it, all alike. Worked out when the job is taken, since it depends on
// the cluster. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "common/result.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

// The request with every component's nodes settled; the same value where they were. Error: kRefused
// where no number of nodes does.
[[nodiscard]] Result<std::shared_ptr<const JobRequest>> settle_nodes(
    const State& state, PartitionId partition, const std::shared_ptr<const JobRequest>& request);

// The component on `nodes` nodes; nullopt where its GPUs or tasks do not divide evenly enough.
[[nodiscard]] std::optional<Component> divided(const Component& whole, std::uint32_t nodes);

}  // namespace usine
