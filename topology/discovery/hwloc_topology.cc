#include "topology/discovery/hwloc_topology.h"

#include <optional>

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

std::int16_t numa_of_cpuset(hwloc_topology_t topology, hwloc_const_cpuset_t cpuset) {
  std::int16_t nearest = kUnknownPlace;
  int nearest_weight = 0;
  std::int16_t first_inside = kUnknownPlace;
  bool spans_packages = false;
  std::optional<unsigned> package_inside;
  for (const hwloc_obj_t numa : objects_of_type(topology, HWLOC_OBJ_NUMANODE)) {
    const auto index = static_cast<std::int16_t>(numa->logical_index);
    const int weight = hwloc_bitmap_weight(numa->cpuset);
    if (weight <= 0) continue;
    if (hwloc_bitmap_isincluded(cpuset, numa->cpuset) != 0) {
      if (nearest == kUnknownPlace || weight < nearest_weight) {
        nearest = index;
        nearest_weight = weight;
      }
    } else if (hwloc_bitmap_isincluded(numa->cpuset, cpuset) != 0) {
      if (first_inside == kUnknownPlace) first_inside = index;
      const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, numa);
      const unsigned at = package == nullptr ? 0 : package->logical_index;
      spans_packages = spans_packages || (package_inside && *package_inside != at);
      package_inside = at;
    }
  }
  if (nearest != kUnknownPlace) return nearest;
  return spans_packages ? kUnknownPlace : first_inside;
}

}  // namespace usine::discovery
