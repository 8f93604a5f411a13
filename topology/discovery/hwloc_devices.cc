// add_devices: which of hwloc's I/O objects are GPUs and NICs, where they hang, and the bandwidth
// between GPUs.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "topology/discovery/hwloc_topology.h"
#include "topology/gpu_links.h"

namespace usine::discovery {

namespace {

constexpr unsigned kVendorNvidia = 0x10de;
constexpr unsigned kVendorAmd = 0x1002;
constexpr unsigned kClassVga = 0x0300;
constexpr unsigned kClass3d = 0x0302;
constexpr unsigned kClassDisplay = 0x0380;
constexpr unsigned kClassAccelerator = 0x1200;
constexpr unsigned kClassInfiniband = 0x0207;

// The programming interfaces under whose name hwloc shows a GPU, the surest first.
constexpr std::array<std::string_view, 4> kGpuApis = {"nvml", "rsmi", "cuda", "opencl"};

struct FoundGpu {
  GpuShape shape;
  hwloc_obj_t pci = nullptr;
  std::vector<hwloc_obj_t> os_devices;  // this GPU under the names of several interfaces
  int number = -1;                      // of its first interface: 3 for nvml3
};

struct FoundNic {
  NicShape shape;
  hwloc_obj_t pci = nullptr;
};

std::string bus_id_of(hwloc_obj_t pci) {
  if (pci == nullptr) return {};
  const auto& address = pci->attr->pcidev;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%01x",
                static_cast<unsigned>(address.domain), address.bus, address.dev, address.func);
  return text.data();
}

hwloc_obj_t pci_parent(hwloc_obj_t object) {
  while (object != nullptr && object->type != HWLOC_OBJ_PCI_DEVICE) object = object->parent;
  return object;
}

std::vector<hwloc_obj_t> os_devices_below(hwloc_obj_t pci) {
  std::vector<hwloc_obj_t> devices;
  for (hwloc_obj_t child = pci->io_first_child; child != nullptr; child = child->next_sibling) {
    if (child->type == HWLOC_OBJ_OS_DEVICE) devices.push_back(child);
  }
  return devices;
}

// 3 for "nvml3" with api "nvml"; -1 for another name. OpenCL names a platform too ("opencl0d1").
int number_under(hwloc_obj_t os_device, std::string_view api) {
  const std::string_view name = os_device->name == nullptr ? "" : os_device->name;
  if (!name.starts_with(api)) return -1;
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  return digits == name.size() ? -1 : std::atoi(name.substr(digits).data());
}

// The OS devices of one PCI function under its surest interface. More than one means that the GPU
// is split into partitions, each of which programs see as a GPU (MI300A in CPX mode).
std::vector<hwloc_obj_t> partitions_of(const std::vector<hwloc_obj_t>& os_devices) {
  for (const std::string_view api : kGpuApis) {
    std::vector<hwloc_obj_t> partitions;
    for (const hwloc_obj_t device : os_devices) {
      if (number_under(device, api) >= 0) partitions.push_back(device);
    }
    if (!partitions.empty()) return partitions;
  }
  return {};
}

// The display of a board's management controller has the class of a graphics card and no
// programming interface; real sites' files often have none for real GPUs either.
bool is_gpu(hwloc_obj_t pci, const std::vector<hwloc_obj_t>& partitions) {
  const auto& ids = pci->attr->pcidev;
  if (ids.vendor_id != kVendorNvidia && ids.vendor_id != kVendorAmd) return false;
  if (ids.class_id == kClass3d || ids.class_id == kClassDisplay) return true;
  return (ids.class_id == kClassVga || ids.class_id == kClassAccelerator) && !partitions.empty();
}

std::string first_info(const std::vector<hwloc_obj_t>& objects, const char* name) {
  for (const hwloc_obj_t object : objects) {
    std::string value = info_of(object, name);
    if (!value.empty()) return value;
  }
  return {};
}

// In KiB under all of these names.
std::int64_t memory_mib_of(const std::vector<hwloc_obj_t>& os_devices) {
  for (const char* name : {"CUDAGlobalMemorySize", "RSMIVRAMSize", "OpenCLGlobalMemorySize"}) {
    const std::string kib = first_info(os_devices, name);
    if (!kib.empty()) return std::atoll(kib.c_str()) / 1024;
  }
  return 0;
}

// What a machine without the list of PCI names knows of a device.
std::string pci_ids_of(hwloc_obj_t pci) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "PCI %04x:%04x", pci->attr->pcidev.vendor_id,
                pci->attr->pcidev.device_id);
  return text.data();
}

GpuShape gpu_shape(hwloc_obj_t pci, const std::vector<hwloc_obj_t>& os_devices) {
  GpuShape gpu;
  gpu.bus_id = bus_id_of(pci);
  gpu.model = first_info(os_devices, "GPUModel");
  if (gpu.model.empty()) gpu.model = info_of(pci, "PCIDevice");
  if (gpu.model.empty()) gpu.model = pci_ids_of(pci);
  gpu.memory_mib = memory_mib_of(os_devices);
  return gpu;
}

// A partition's address is its GPU's with its number, since the function has only one.
void add_partitions(hwloc_obj_t pci, const std::vector<hwloc_obj_t>& partitions,
                    std::vector<FoundGpu>& gpus) {
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    FoundGpu gpu{gpu_shape(pci, {partitions[i]}), pci, {partitions[i]}, -1};
    gpu.shape.bus_id += "/" + std::to_string(i);
    gpus.push_back(std::move(gpu));
  }
}

// The numbers of the GPUs under one interface, where it knows all of them.
bool number_by(std::string_view api, std::vector<FoundGpu>& gpus) {
  for (FoundGpu& gpu : gpus) {
    gpu.number = -1;
    for (const hwloc_obj_t device : gpu.os_devices) {
      gpu.number = std::max(gpu.number, number_under(device, api));
    }
  }
  return std::ranges::all_of(gpus, [](const FoundGpu& gpu) { return gpu.number >= 0; });
}

std::vector<FoundGpu> find_gpus(hwloc_topology_t topology) {
  std::vector<FoundGpu> gpus;
  for (const hwloc_obj_t pci : objects_of_type(topology, HWLOC_OBJ_PCI_DEVICE)) {
    const std::vector<hwloc_obj_t> os_devices = os_devices_below(pci);
    const std::vector<hwloc_obj_t> partitions = partitions_of(os_devices);
    if (!is_gpu(pci, partitions)) continue;
    if (partitions.size() > 1) {
      add_partitions(pci, partitions, gpus);
    } else {
      gpus.push_back({gpu_shape(pci, os_devices), pci, os_devices, -1});
    }
  }
  // The order of the drivers' own numbers, which CUDA_VISIBLE_DEVICES speaks of; else by address,
  // which is what the drivers number by.
  if (!number_by("nvml", gpus) && !number_by("rsmi", gpus)) {
    for (FoundGpu& gpu : gpus) gpu.number = -1;
  }
  std::ranges::sort(gpus, [](const FoundGpu& a, const FoundGpu& b) {
    return std::pair(a.number, a.shape.bus_id) < std::pair(b.number, b.shape.bus_id);
  });
  return gpus;
}

// Slingshot's interfaces are Ethernet for the kernel; only their names tell them.
bool is_high_speed_ethernet(hwloc_obj_t os_device) {
  if (os_device->attr->osdev.type != HWLOC_OBJ_OSDEV_NETWORK) return false;
  const std::string_view name = os_device->name == nullptr ? "" : os_device->name;
  return name.starts_with("hsn") || name.starts_with("hsi");
}

std::vector<FoundNic> find_nics(hwloc_topology_t topology) {
  std::vector<FoundNic> nics;
  std::set<hwloc_obj_t> known;
  const auto add = [&](hwloc_obj_t pci, std::string name) {
    if (pci != nullptr) known.insert(pci);
    nics.push_back({NicShape{std::move(name), bus_id_of(pci)}, pci});
  };
  const std::vector<hwloc_obj_t> devices = objects_of_type(topology, HWLOC_OBJ_OS_DEVICE);
  for (const hwloc_obj_t device : devices) {
    if (device->attr->osdev.type == HWLOC_OBJ_OSDEV_OPENFABRICS) {
      add(pci_parent(device), device->name);
    }
  }
  // IP over InfiniBand is a second name of a NIC that is known by then.
  for (const hwloc_obj_t device : devices) {
    const hwloc_obj_t pci = pci_parent(device);
    if (is_high_speed_ethernet(device) && !known.contains(pci)) add(pci, device->name);
  }
  for (const hwloc_obj_t pci : objects_of_type(topology, HWLOC_OBJ_PCI_DEVICE)) {
    if (pci->attr->pcidev.class_id == kClassInfiniband && !known.contains(pci)) {
      add(pci, bus_id_of(pci));
    }
  }
  std::ranges::sort(nics, [](const FoundNic& a, const FoundNic& b) {
    return std::pair(a.shape.bus_id, a.shape.name) < std::pair(b.shape.bus_id, b.shape.name);
  });
  return nics;
}

std::int16_t numa_of_device(hwloc_topology_t topology, hwloc_obj_t pci) {
  if (pci == nullptr) return kUnknownPlace;
  const hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology, pci);
  return place == nullptr ? kUnknownPlace : numa_of_cpuset(topology, place->cpuset);
}

// The PCI-to-PCI bridges above a device, the nearest first; the host bridge is the processor's own.
std::vector<hwloc_obj_t> bridges_above(hwloc_obj_t pci) {
  std::vector<hwloc_obj_t> bridges;
  if (pci == nullptr) return bridges;
  for (hwloc_obj_t up = pci->parent; up != nullptr && up->type == HWLOC_OBJ_BRIDGE;
       up = up->parent) {
    if (up->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_PCI) bridges.push_back(up);
  }
  return bridges;
}

// One device may have several functions (ports of a NIC, partitions of a GPU).
std::string slot_of(hwloc_obj_t pci) {
  const std::string bus_id = bus_id_of(pci);
  return bus_id.substr(0, bus_id.find('.'));
}

// Numbers the PCIe switches: a device's is the nearest bridge that it shares with another device.
void number_switches(std::vector<FoundGpu>& gpus, std::vector<FoundNic>& nics) {
  std::map<hwloc_obj_t, std::set<std::string>> devices_below;
  const auto count = [&](hwloc_obj_t pci) {
    for (const hwloc_obj_t bridge : bridges_above(pci)) devices_below[bridge].insert(slot_of(pci));
  };
  for (const FoundGpu& gpu : gpus) count(gpu.pci);
  for (const FoundNic& nic : nics) count(nic.pci);
  std::map<hwloc_obj_t, std::int16_t> numbers;
  const auto number_of = [&](hwloc_obj_t pci) {
    for (const hwloc_obj_t bridge : bridges_above(pci)) {
      if (devices_below[bridge].size() < 2) continue;
      return numbers.try_emplace(bridge, static_cast<std::int16_t>(numbers.size())).first->second;
    }
    return kUnknownPlace;
  };
  for (FoundGpu& gpu : gpus) gpu.shape.pci_switch = number_of(gpu.pci);
  for (FoundNic& nic : nics) nic.shape.pci_switch = number_of(nic.pci);
}

// Which GPU an object of a bandwidth table stands for; gpus.size() where none.
std::size_t gpu_behind(hwloc_obj_t object, const std::vector<FoundGpu>& gpus) {
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    if (object == gpus[i].pci ||
        std::ranges::find(gpus[i].os_devices, object) != gpus[i].os_devices.end())
      return i;
  }
  return gpus.size();
}

// NVSwitches stand in the table beside the GPUs. (Processors may stand there as well: Power's
// NVLink; what goes to them does not go to GPUs.)
void add_table(const hwloc_distances_s& table, const std::vector<FoundGpu>& gpus, GpuLinks& links) {
  const std::size_t count = gpus.size();
  std::vector<std::size_t> gpu_at(table.nbobjs, count);
  for (unsigned i = 0; i < table.nbobjs; ++i) {
    if (table.objs[i] != nullptr) gpu_at[i] = gpu_behind(table.objs[i], gpus);
  }
  for (unsigned i = 0; i < table.nbobjs; ++i) {
    if (gpu_at[i] == count) continue;
    for (unsigned j = 0; j < table.nbobjs; ++j) {
      const std::uint64_t mbps = table.values[i * table.nbobjs + j];
      if (gpu_at[j] < count) {
        links.direct[gpu_at[i] * count + gpu_at[j]] = mbps;
      } else if (table.objs[j] != nullptr && table.objs[j]->type == HWLOC_OBJ_PCI_DEVICE) {
        links.to_switches[gpu_at[i]] += mbps;
      }
    }
  }
}

void add_links(hwloc_topology_t topology, const std::vector<FoundGpu>& gpus, NodeShape& shape) {
  GpuLinks links(gpus.size());
  for (const char* name : {"NVLinkBandwidth", "XGMIBandwidth"}) {
    unsigned found = 1;
    hwloc_distances_s* table = nullptr;
    if (hwloc_distances_get_by_name(topology, name, &found, &table, 0) != 0 || found == 0) continue;
    add_table(*table, gpus, links);
    hwloc_distances_release(topology, table);
  }
  shape.gpu_links_mbps = links.table();
}

}  // namespace

void add_devices(hwloc_topology_t topology, NodeShape& shape) {
  std::vector<FoundGpu> gpus = find_gpus(topology);
  std::vector<FoundNic> nics = find_nics(topology);
  number_switches(gpus, nics);
  for (FoundGpu& gpu : gpus) {
    gpu.shape.numa = numa_of_device(topology, gpu.pci);
    shape.gpus.push_back(gpu.shape);
  }
  for (FoundNic& nic : nics) {
    nic.shape.numa = numa_of_device(topology, nic.pci);
    shape.nics.push_back(nic.shape);
  }
  add_links(topology, gpus, shape);
}

}  // namespace usine::discovery
