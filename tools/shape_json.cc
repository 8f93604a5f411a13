// The JSON of topology_show.h.
#include <nlohmann/json.hpp>

#include "tools/cpu_lists.h"
#include "tools/topology_show.h"

namespace usine::tools {
namespace {

using Json = nlohmann::ordered_json;

Json numa_json(const NodeShape& shape, std::int16_t numa) {
  if (numa == kUnknownPlace) return nullptr;
  return shape.numa_nodes[static_cast<std::size_t>(numa)].os_index;
}

Json switch_json(std::int16_t pci_switch) {
  return pci_switch == kUnknownPlace ? Json(nullptr) : Json(pci_switch);
}

// The processors near a device; those of the whole node where its place is unknown.
std::string cpus_near(const NodeShape& shape, std::int16_t numa) {
  if (numa != kUnknownPlace) return cpu_list(cpus_of_numa(shape, numa));
  std::set<std::uint32_t> all;
  for (const CoreShape& core : shape.cores) all.insert(core.pus.begin(), core.pus.end());
  return cpu_list(all);
}

Json gpus_json(const NodeShape& shape) {
  Json gpus = Json::array();
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    const GpuShape& gpu = shape.gpus[i];
    Json entry = {{"index", i}, {"bus_id", gpu.bus_id}, {"model", gpu.model}};
    entry["memory_mib"] = gpu.memory_mib > 0 ? Json(gpu.memory_mib) : Json(nullptr);
    entry["numa"] = numa_json(shape, gpu.numa);
    entry["cpus"] = cpus_near(shape, gpu.numa);
    entry["pci_switch"] = switch_json(gpu.pci_switch);
    gpus.push_back(std::move(entry));
  }
  return gpus;
}

Json nics_json(const NodeShape& shape) {
  Json nics = Json::array();
  for (const NicShape& nic : shape.nics) {
    Json entry = {{"name", nic.name}, {"bus_id", nic.bus_id}};
    entry["numa"] = numa_json(shape, nic.numa);
    entry["cpus"] = cpus_near(shape, nic.numa);
    entry["pci_switch"] = switch_json(nic.pci_switch);
    nics.push_back(std::move(entry));
  }
  return nics;
}

Json numa_list_json(const NodeShape& shape) {
  Json domains = Json::array();
  for (std::size_t i = 0; i < shape.numa_nodes.size(); ++i) {
    const NumaShape& numa = shape.numa_nodes[i];
    domains.push_back({{"numa", numa.os_index},
                       {"package", numa.package},
                       {"memory_mib", numa.memory_mib},
                       {"cpus", cpu_list(cpus_of_numa(shape, static_cast<std::int16_t>(i)))},
                       {"gpu_memory", numa.gpu_memory}});
  }
  return domains;
}

// Each pair once, with what goes one way; pairs that meet over PCIe only are left out.
Json links_json(const NodeShape& shape) {
  Json links = Json::array();
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    for (std::size_t j = i + 1; j < shape.gpus.size(); ++j) {
      const std::uint32_t mbps = shape.gpu_link_mbps(i, j);
      if (mbps > 0) links.push_back({{"gpus", Json::array({i, j})}, {"mb_per_s", mbps}});
    }
  }
  return links;
}

}  // namespace

Json to_json(const NodeShape& shape) {
  Json document;
  document["name"] = shape.name;
  document["packages"] = shape.packages;
  document["numa_nodes"] = shape.numa_nodes.size();
  document["cores"] = shape.cores.size();
  document["pus"] = shape.pus();
  document["memory_mib"] = shape.memory_mib();
  document["numa"] = numa_list_json(shape);
  document["gpus"] = gpus_json(shape);
  document["nics"] = nics_json(shape);
  document["gpu_links"] = links_json(shape);
  return document;
}

}  // namespace usine::tools
