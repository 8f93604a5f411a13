// Node shapes from NCCL topology XML (`<system version="1">`): what clouds hand to NCCL_TOPO_FILE
// and what NCCL_TOPO_DUMP_FILE writes. It knows PCI and NUMA, but not cores.
#pragma once

#include <string>

#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::discovery {

// `name` names the shape and stands for the file in messages. Error: kInvalid.
[[nodiscard]] Result<NodeShape> shape_from_nccl_text(const std::string& xml,
                                                     const std::string& name);

}  // namespace usine::discovery
