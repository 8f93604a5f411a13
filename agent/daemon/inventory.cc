#include "agent/daemon/inventory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/os/files.h"
#include "gpu/discovery/nvml.h"
#include "topology/discovery/hwloc_shape.h"
#include "topology/discovery/machine.h"

namespace usine::agent {
namespace {

std::int16_t numa_index(const NodeShape& shape, std::int32_t os_index) {
  for (std::size_t i = 0; i < shape.numa_nodes.size(); ++i) {
    if (static_cast<std::int64_t>(shape.numa_nodes[i].os_index) == os_index) {
      return static_cast<std::int16_t>(i);
    }
  }
  return kUnknownPlace;
}

// hwloc knows where a device hangs, the driver knows what it is.
GpuShape to_shape(const GpuDevice& device, const NodeShape& shape) {
  GpuShape gpu{.bus_id = device.bus_id,
               .model = device.model,
               .memory_mib = device.memory_mib,
               .numa = numa_index(shape, device.numa_os_index)};
  const auto seen = std::ranges::find(shape.gpus, device.bus_id, &GpuShape::bus_id);
  if (seen == shape.gpus.end()) return gpu;
  gpu.pci_switch = seen->pci_switch;
  if (gpu.numa == kUnknownPlace) gpu.numa = seen->numa;
  return gpu;
}

// The GPUs that jobs can use are those that the driver knows and that work; what hwloc sees besides
// is a device without its driver.
Result<NodeShape> this_machine() {
  Result<NodeShape> shape = discovery::shape_from_this_machine();
  if (!shape) return shape;
  Result<std::vector<GpuDevice>> devices = discover_nvml_gpus();
  if (!devices) return fail(devices.error());
  std::erase_if(*devices, [](const GpuDevice& one) { return one.health == GpuHealth::kFailed; });
  std::vector<GpuShape> gpus;
  for (const GpuDevice& device : *devices) gpus.push_back(to_shape(device, *shape));
  shape->gpus = std::move(gpus);
  shape->gpu_links_mbps = link_table(*devices);
  return shape;
}

}  // namespace

Result<NodeShape> find_shape(const AgentOptions& options) {
  if (options.like.empty()) return this_machine();
  Result<NodeShape> shape = discovery::load_machine(options.like);
  if (!shape || !options.gpus) return shape;
  return keep_first_gpus(*std::move(shape), *options.gpus);
}

std::vector<std::string> bus_ids_of(const NodeShape& shape) {
  std::vector<std::string> bus_ids;
  for (const GpuShape& gpu : shape.gpus) bus_ids.push_back(gpu.bus_id);
  return bus_ids;
}

Result<std::string> find_boot_id() {
  Result<std::string> text = os::read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return text;
  text->erase(text->find_last_not_of('\n') + 1);
  return text;
}

}  // namespace usine::agent
