// Hardware threads as Linux writes lists of them. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "topology/node_shape.h"

namespace usine::tools {

// "0-55,112-167". Shapes number processors freely, so this is not an index set of ours, which has
// an end.
[[nodiscard]] std::string cpu_list(const std::set<std::uint32_t>& cpus);

[[nodiscard]] std::set<std::uint32_t> cpus_of_numa(const NodeShape& shape, std::int16_t numa);

}  // namespace usine::tools
