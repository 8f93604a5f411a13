// `usine topology show`: a node's shape as a drawing for people and as JSON for scripts. Pure but
// for load_shape, which reads the file.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::tools {

// A shipped machine's name ("dgx-h100"), or the path of an hwloc XML, NCCL XML or machine file.
[[nodiscard]] Result<NodeShape> load_shape(const std::string& name_or_path);

// Packages, NUMA domains and what hangs on them as a tree, then the links between GPUs. Lines are
// cut at `width` columns; 0 leaves them whole. UTF-8, ends with a line end.
[[nodiscard]] std::string draw(const NodeShape& shape, std::size_t width);

// {"name","packages","numa_nodes","cores","pus","memory_mib","gpus":[{"index","bus_id","model",
// "memory_mib","numa","cpus","pci_switch"}],"nics":[...],"numa":[...],"gpu_links":[{"gpus":[i,j],
// "mb_per_s"}]}. Places are the kernel's numbers, null where unknown; cpus is a Linux cpu list.
[[nodiscard]] nlohmann::ordered_json to_json(const NodeShape& shape);

}  // namespace usine::tools
