#include "topology/discovery/hwloc_topology.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace usine::discovery {

std::vector<hwloc_obj_t> objects_of_type(hwloc_topology_t topology, hwloc_obj_type_t type) {
  std::vector<hwloc_obj_t> objects;
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr) {
    objects.push_back(object);
  }
  return objects;
}

std::string info_of(hwloc_obj_t object, const char* name) {
  const char* value = hwloc_obj_get_info_by_name(object, name);
  return value == nullptr ? std::string() : std::string(value);
}

std::vector<hwloc_obj_t> numa_domains(hwloc_topology_t topology) {
  std::vector<hwloc_obj_t> domains = objects_of_type(topology, HWLOC_OBJ_NUMANODE);
  std::ranges::stable_sort(domains, {}, &hwloc_obj::os_index);
  return domains;
}

bool is_gpu_memory(hwloc_obj_t numa) {
  return numa->subtype != nullptr && std::strcmp(numa->subtype, "GPUMemory") == 0;
}

std::int16_t numa_of_cpuset(hwloc_topology_t topology, hwloc_const_cpuset_t cpuset) {
  std::int16_t nearest = kUnknownPlace;
  int nearest_weight = 0;
  std::int16_t first_inside = kUnknownPlace;
  std::set<hwloc_obj_t> packages_inside;
  const std::vector<hwloc_obj_t> domains = numa_domains(topology);
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const hwloc_obj_t numa = domains[i];
    const int weight = hwloc_bitmap_weight(numa->cpuset);
    if (weight <= 0 || is_gpu_memory(numa)) continue;
    const auto index = static_cast<std::int16_t>(i);
    if (hwloc_bitmap_isincluded(cpuset, numa->cpuset) != 0) {
      if (nearest == kUnknownPlace || weight < nearest_weight) {
        nearest = index;
        nearest_weight = weight;
      }
    } else if (hwloc_bitmap_isincluded(numa->cpuset, cpuset) != 0) {
      if (first_inside == kUnknownPlace) first_inside = index;
      packages_inside.insert(hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, numa));
    }
  }
  if (nearest != kUnknownPlace) return nearest;
  return packages_inside.size() > 1 ? kUnknownPlace : first_inside;
}

}  // namespace usine::discovery
