#include "model/inventory.h"

#include <algorithm>

namespace usine {

namespace {

std::int16_t numa_with_os_index(const NodeShape& shape, std::int32_t os_index) {
  for (std::size_t i = 0; i < shape.numa_nodes.size(); ++i) {
    if (static_cast<std::int64_t>(shape.numa_nodes[i].os_index) == os_index) {
      return static_cast<std::int16_t>(i);
    }
  }
  return kUnknownPlace;
}

GpuShape merged(const NodeShape& shape, const GpuDevice& device) {
  GpuShape gpu;
  gpu.bus_id = device.bus_id;
  gpu.numa = numa_with_os_index(shape, device.numa_os_index);
  const auto known = std::ranges::find(shape.gpus, device.bus_id, &GpuShape::bus_id);
  if (known != shape.gpus.end()) gpu = *known;
  if (!device.model.empty()) gpu.model = device.model;
  if (device.memory_mib > 0) gpu.memory_mib = device.memory_mib;
  return gpu;
}

// The table of a shape's links for another choice and order of its GPUs.
std::vector<std::uint32_t> links_of(const NodeShape& shape, const std::vector<GpuShape>& gpus) {
  if (shape.gpu_links_mbps.empty()) return {};
  std::vector<std::size_t> place;
  for (const GpuShape& gpu : gpus) {
    const auto known = std::ranges::find(shape.gpus, gpu.bus_id, &GpuShape::bus_id);
    place.push_back(static_cast<std::size_t>(known - shape.gpus.begin()));
  }
  std::vector<std::uint32_t> table;
  for (const std::size_t a : place) {
    for (const std::size_t b : place) {
      const bool known = a < shape.gpus.size() && b < shape.gpus.size();
      table.push_back(known ? shape.gpu_link_mbps(a, b) : 0);
    }
  }
  return table;
}

}  // namespace

void add_gpus(NodeShape& shape, const std::vector<GpuDevice>& devices) {
  if (devices.empty()) return;
  std::vector<GpuDevice> working;
  std::vector<GpuShape> gpus;
  for (const GpuDevice& device : devices) {
    if (device.health == GpuHealth::kFailed) continue;
    working.push_back(device);
    gpus.push_back(merged(shape, device));
  }
  // GPUs that this driver does not know may be another vendor's, and stay; a failed one goes.
  for (const GpuShape& gpu : shape.gpus) {
    if (std::ranges::find(devices, gpu.bus_id, &GpuDevice::bus_id) != devices.end()) continue;
    working.emplace_back().bus_id = gpu.bus_id;
    gpus.push_back(gpu);
  }
  std::vector<std::uint32_t> links = link_table(working);
  if (links.empty()) links = links_of(shape, gpus);
  shape.gpus = std::move(gpus);
  shape.gpu_links_mbps = std::move(links);
}

std::vector<GpuDevice> emulated_gpus(const NodeShape& shape) {
  std::vector<GpuDevice> devices;
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    const GpuShape& gpu = shape.gpus[i];
    GpuDevice device;
    device.bus_id = gpu.bus_id;
    device.model = gpu.model;
    device.memory_mib = gpu.memory_mib;
    device.minor = static_cast<std::int32_t>(i);
    if (gpu.numa != kUnknownPlace) {
      const auto numa = static_cast<std::size_t>(gpu.numa);
      device.numa_os_index = static_cast<std::int32_t>(shape.numa_nodes[numa].os_index);
    }
    for (std::size_t j = 0; j < shape.gpus.size(); ++j) {
      const std::uint32_t mbps = shape.gpu_link_mbps(i, j);
      if (mbps > 0) device.links.push_back({shape.gpus[j].bus_id, mbps});
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace usine
