// An hwloc topology as an owned resource, and what the two readers of it (cores and memory;
// devices) both need to know of an object. Private to discovery.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <hwloc.h>

#include "topology/node_shape.h"

namespace usine::discovery {

struct TopologyDeleter {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, TopologyDeleter>;

// All objects of one type, in hwloc's logical order.
[[nodiscard]] std::vector<hwloc_obj_t> objects_of_type(hwloc_topology_t topology,
                                                       hwloc_obj_type_t type);

// The value of an object's info, empty where it has none.
[[nodiscard]] std::string info_of(hwloc_obj_t object, const char* name);

// The NUMA domains in the order of the kernel's numbers, which is the order of a shape's: in
// hwloc's own the memory of GPUs stands between that of the processors.
[[nodiscard]] std::vector<hwloc_obj_t> numa_domains(hwloc_topology_t topology);

// The memory of a GPU, in the words of hwloc 2.9 and later.
[[nodiscard]] bool is_gpu_memory(hwloc_obj_t numa);

// The NUMA domain nearest to a set of processors: the smallest that holds them, else the first of
// those that they hold, where these are of one package. Unknown where they are of several.
[[nodiscard]] std::int16_t numa_of_cpuset(hwloc_topology_t topology, hwloc_const_cpuset_t cpuset);

// Adds GPUs, NICs and the links between GPUs to a shape that has its cores and NUMA domains.
void add_devices(hwloc_topology_t topology, NodeShape& shape);

}  // namespace usine::discovery
