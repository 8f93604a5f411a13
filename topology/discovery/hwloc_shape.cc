#include "topology/discovery/hwloc_shape.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "topology/discovery/hwloc_topology.h"
#include "topology/discovery/yaml_map.h"

namespace usine::discovery {

namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

Result<Topology> new_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return fail(ErrorCode::kIo, "hwloc does not start");
  Topology topology(raw);
  // These two would start a GPU's driver and call on an X server.
  for (const char* plugin : {"opencl", "gl"}) {
    hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, plugin);
  }
  // By default hwloc leaves out all devices, and we need the bridges as well: two devices behind
  // one of them share a PCIe switch.
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_ALL);
  return topology;
}

// A domain may span several packages or have no processors (KNL's fast memory, Power9's GPUs).
std::int16_t package_of_numa(hwloc_topology_t topology, hwloc_obj_t numa) {
  const std::vector<hwloc_obj_t> packages = objects_of_type(topology, HWLOC_OBJ_PACKAGE);
  if (packages.size() <= 1) return 0;
  for (const hwloc_obj_t package : packages) {
    if (hwloc_bitmap_intersects(package->cpuset, numa->cpuset) != 0) {
      return static_cast<std::int16_t>(package->logical_index);
    }
  }
  return kUnknownPlace;
}

void add_numa_nodes(hwloc_topology_t topology, NodeShape& shape) {
  for (const hwloc_obj_t numa : numa_domains(topology)) {
    NumaShape domain;
    domain.os_index = numa->os_index;
    domain.memory_mib = static_cast<std::int64_t>(numa->attr->numanode.local_memory / kMiB);
    domain.gpu_memory = is_gpu_memory(numa);
    domain.package = package_of_numa(topology, numa);
    shape.numa_nodes.push_back(domain);
  }
}

CoreShape core_of(hwloc_topology_t topology, hwloc_obj_t object) {
  CoreShape core;
  const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, object);
  if (package != nullptr) core.package = static_cast<std::int16_t>(package->logical_index);
  core.numa = numa_of_cpuset(topology, object->cpuset);
  for (int pu = hwloc_bitmap_first(object->cpuset); pu >= 0;
       pu = hwloc_bitmap_next(object->cpuset, pu)) {
    core.pus.push_back(static_cast<std::uint32_t>(pu));
  }
  return core;
}

void add_cores(hwloc_topology_t topology, NodeShape& shape) {
  std::vector<hwloc_obj_t> cores = objects_of_type(topology, HWLOC_OBJ_CORE);
  // Some virtual machines tell of processors only.
  if (cores.empty()) cores = objects_of_type(topology, HWLOC_OBJ_PU);
  for (const hwloc_obj_t core : cores) shape.cores.push_back(core_of(topology, core));
}

// Older hwloc shows the memory of Power9's GPUs as NUMA domains without processors and without
// saying so: as many of them as there are GPUs. (KNL's fast memory has no processors either.)
void mark_gpu_memory(hwloc_topology_t topology, NodeShape& shape) {
  std::vector<std::size_t> without_processors;
  const std::vector<hwloc_obj_t> domains = numa_domains(topology);
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (hwloc_bitmap_iszero(domains[i]->cpuset) != 0) without_processors.push_back(i);
  }
  if (shape.gpus.empty() || without_processors.size() != shape.gpus.size()) return;
  for (const std::size_t i : without_processors) shape.numa_nodes[i].gpu_memory = true;
}

Result<NodeShape> shape_of(hwloc_topology_t topology, std::string name) {
  NodeShape shape;
  shape.name = std::move(name);
  const int packages = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE);
  shape.packages = static_cast<std::int16_t>(packages > 0 ? packages : 1);
  add_numa_nodes(topology, shape);
  add_cores(topology, shape);
  add_devices(topology, shape);
  mark_gpu_memory(topology, shape);
  const std::vector<std::string> faults = shape.faults();
  if (!faults.empty()) return fail(ErrorCode::kInvalid, shape.name + ": " + faults.front());
  return shape;
}

// The major number of the format version that the file itself gives; hwloc 1 wrote none.
int format_major(const std::string& xml) {
  const std::size_t element = xml.find("<topology");
  if (element == std::string::npos) return 0;
  const std::size_t end = xml.find('>', element);
  const std::size_t version = xml.find(" version=\"", element);
  if (version == std::string::npos || version > end) return 1;
  return std::atoi(xml.c_str() + version + std::strlen(" version=\""));
}

// hwloc tells the reason of a refusal on standard error or not at all, so what is known to be
// refused is said here, before hwloc sees it.
Status check_format(const std::string& xml, const std::string& name) {
  const int major = format_major(xml);
  if (major == 0) return fail(ErrorCode::kInvalid, name + ": is not an hwloc XML file");
  const int known = static_cast<int>(hwloc_get_api_version() >> 16);
  if (major <= known) return {};
  return fail(ErrorCode::kInvalid, name + ": is in the format of hwloc " + std::to_string(major) +
                                       ", and this is hwloc " + std::to_string(known) +
                                       "; write it again with lstopo --export-xml-flags v2");
}

}  // namespace

Result<NodeShape> shape_from_hwloc_text(const std::string& xml, const std::string& name) {
  if (Status format = check_format(xml, name); !format) return fail(format.error());
  Result<Topology> topology = new_topology();
  if (!topology) return fail(topology.error());
  // The buffer's size counts its terminating zero.
  if (hwloc_topology_set_xmlbuffer(topology->get(), xml.c_str(),
                                   static_cast<int>(xml.size() + 1)) != 0 ||
      hwloc_topology_load(topology->get()) != 0) {
    return fail(ErrorCode::kInvalid, name +
                                         ": hwloc cannot read this XML file; it is damaged or "
                                         "not of hwloc's making");
  }
  return shape_of(topology->get(), std::filesystem::path(name).stem().string());
}

Result<NodeShape> shape_from_hwloc_xml(const std::string& path) {
  Result<std::string> text = read_text_file(path);
  if (!text) return fail(text.error().within(path));
  return shape_from_hwloc_text(*text, path);
}

Result<NodeShape> shape_from_this_machine() {
  Result<Topology> topology = new_topology();
  if (!topology) return fail(topology.error());
  if (hwloc_topology_load(topology->get()) != 0) {
    return fail(ErrorCode::kIo,
                std::string("hwloc cannot look at this machine: ") + std::strerror(errno));
  }
  return shape_of(topology->get(), "this machine");
}

}  // namespace usine::discovery
