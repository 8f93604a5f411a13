// What the counts of a machine say of a component without a look at single nodes: how many nodes
// could hold its share at most, and which resource is scarcest where they do not. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "model/reason.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/machine.h"

namespace usine {

// An upper bound of the nodes in one domain that could hold the share now; claimed ones do not
// count.
[[nodiscard]] std::uint64_t bound_at(const Room& room, const PartDemand& part,
                                     const Component& asked, DomainPlace place);

// The same for every domain at once, by place. False: what it says of a domain is not the sum of
// what it says of its children, so that nodes must be counted one by one.
[[nodiscard]] bool count_bounds(const Room& room, const PartDemand& part, const Component& asked,
                                std::span<std::uint32_t> counts);

// Why a component whose named nodes are free found no place. `nearest`: the most nodes that one
// domain had of those that its topology allows. Looks at every node only where the counts do not
// tell.
[[nodiscard]] Reason scarcity(const Machine& machine, const ComponentDemand& component,
                              std::uint32_t nearest);

}  // namespace usine
