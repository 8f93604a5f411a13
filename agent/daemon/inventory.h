// What this node is: its shape, found on this machine or taken from the machine it stands for, and
// when it was booted. Called once at start.
#pragma once

#include <string>
#include <vector>

#include "agent/daemon/options.h"
#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::agent {

// Errors are those of the shape's source, with its name.
[[nodiscard]] Result<NodeShape> find_shape(const AgentOptions& options);

// Of its GPUs, in the order of the driver that jobs count by.
[[nodiscard]] std::vector<std::string> bus_ids_of(const NodeShape& shape);

// Changes with every boot of this machine; an emulated node boots with it. Error: kIo.
[[nodiscard]] Result<std::string> find_boot_id();

}  // namespace usine::agent
