#include "scheduler/placement/node_share.h"

#include <algorithm>
#include <set>
#include <vector>

#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

// How close two GPUs are: the link's bandwidth first, then a shared switch, then a shared domain.
std::uint64_t closeness(const NodeShape& shape, std::size_t i, std::size_t j) {
  const GpuShape& a = shape.gpus[i];
  const GpuShape& b = shape.gpus[j];
  std::uint64_t score = std::uint64_t{shape.gpu_link_mbps(i, j)} << 16;
  if (a.pci_switch != kUnknownPlace && a.pci_switch == b.pci_switch) score += 256;
  if (a.numa != kUnknownPlace && a.numa == b.numa) score += 1;
  return score;
}

struct Group {
  GpuSet gpus;
  std::uint64_t score = 0;
};

// Adds, one by one, the free GPU closest to all that the group has.
Group grow(const GpuSet& free, const NodeShape& shape, std::size_t seed, std::size_t count) {
  Group group;
  group.gpus.insert(seed);
  while (group.gpus.count() < count) {
    std::size_t best = GpuSet::kCapacity;
    std::uint64_t best_score = 0;
    for (const std::size_t candidate : free - group.gpus) {
      std::uint64_t score = 0;
      for (const std::size_t member : group.gpus) score += closeness(shape, candidate, member);
      if (best == GpuSet::kCapacity || score > best_score) {
        best = candidate;
        best_score = score;
      }
    }
    group.gpus.insert(best);
    group.score += best_score;
  }
  return group;
}

// Moves up to `count` cores of `from` into `into`, lowest first.
void take_cores(CoreSet& into, const CoreSet& from, std::size_t count) {
  for (const std::size_t core : from - into) {
    if (count == 0) return;
    into.insert(core);
    --count;
  }
}

std::int16_t package_of_numa(const NodeShape& shape, std::int16_t numa) {
  const auto index = static_cast<std::size_t>(numa);
  return index < shape.numa_nodes.size() ? shape.numa_nodes[index].package : kUnknownPlace;
}

CoreSet cores_of_package(const NodeShape& shape, std::int16_t package) {
  CoreSet cores;
  for (std::size_t i = 0; i < shape.cores.size(); ++i) {
    if (shape.cores[i].package == package) cores.insert(i);
  }
  return cores;
}

std::vector<std::int16_t> domains_of(const NodeShape& shape, const GpuSet& gpus) {
  std::vector<std::int16_t> domains;
  for (const std::size_t gpu : gpus) {
    if (shape.gpus[gpu].numa != kUnknownPlace) domains.push_back(shape.gpus[gpu].numa);
  }
  return domains;
}

CoreSet cores_without_gpus(const CoreSet& free, const NodeShape& shape, std::size_t count) {
  CoreSet best;
  std::size_t best_free = CoreSet::kCapacity + 1;
  for (std::size_t numa = 0; numa < shape.numa_nodes.size(); ++numa) {
    const CoreSet here = free & shape.cores_of_numa(static_cast<std::int16_t>(numa));
    const std::size_t have = here.count();
    if (have >= count && have < best_free) {
      best = here;
      best_free = have;
    }
  }
  CoreSet chosen;
  take_cores(chosen, best_free <= CoreSet::kCapacity ? best : free, count);
  return chosen;
}

// The NIC nearest to a GPU that `taken` does not have, else the nearest of all.
std::size_t nearest_nic(const NodeShape& shape, const GpuShape& gpu, const NicSet& taken) {
  std::size_t best = NicSet::kCapacity;
  int best_score = -1;
  for (std::size_t i = 0; i < shape.nics.size(); ++i) {
    const NicShape& nic = shape.nics[i];
    int score = taken.contains(i) ? 0 : 1;
    if (nic.numa != kUnknownPlace && nic.numa == gpu.numa) score += 2;
    if (nic.pci_switch != kUnknownPlace && nic.pci_switch == gpu.pci_switch) score += 4;
    if (score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

NicSet nics_near_cores(const NodeShape& shape, const CoreSet& cores) {
  std::set<std::int16_t> domains;
  for (const std::size_t core : cores) domains.insert(shape.cores[core].numa);
  NicSet nics;
  for (std::size_t i = 0; i < shape.nics.size(); ++i) {
    if (domains.contains(shape.nics[i].numa)) nics.insert(i);
  }
  return nics.empty() ? NicSet::first(shape.nics.size()) : nics;
}

NodeShare whole_node(const NodeFree& free, const NodeShape& shape) {
  NodeShare share;
  share.cores = free.cores;
  share.gpus = free.gpus;
  share.nics = NicSet::first(shape.nics.size());
  share.memory_mib = free.memory_mib;
  return share;
}

}  // namespace

bool share_fits(const NodeFree& free, const NodeShape& shape, const Component& component) {
  if (!free.takes_work) return false;
  if (component.exclusive && free.jobs > 0) return false;
  const NodeDemand& demand = component.per_node;
  if (demand.gpus > free.gpu_count || demand.cores > free.core_count) return false;
  if (memory_of_share(shape, demand) > free.memory_mib) return false;
  return demand.gpu_type.empty() ||
         demand.gpus <= (free.gpus & gpus_of_type(shape, demand)).count();
}

GpuSet choose_gpus(const GpuSet& free, const NodeShape& shape, std::size_t count) {
  if (count == 0) return {};
  if (count == free.count()) return free;
  Group best;
  for (const std::size_t seed : free) {
    const Group group = grow(free, shape, seed, count);
    if (best.gpus.empty() || group.score > best.score) best = group;
  }
  return best.gpus;
}

CoreSet choose_cores(const CoreSet& free, const NodeShape& shape, const GpuSet& gpus,
                     std::size_t count) {
  const std::vector<std::int16_t> domains = domains_of(shape, gpus);
  if (domains.empty()) return cores_without_gpus(free, shape, count);
  CoreSet chosen;
  const std::size_t each = count / domains.size();
  for (const std::int16_t numa : domains) {
    take_cores(chosen, free & shape.cores_of_numa(numa), each);
  }
  for (const std::int16_t numa : domains) {
    take_cores(chosen, free & shape.cores_of_numa(numa), count - chosen.count());
  }
  for (const std::int16_t numa : domains) {
    const CoreSet near = cores_of_package(shape, package_of_numa(shape, numa));
    take_cores(chosen, free & near, count - chosen.count());
  }
  take_cores(chosen, free, count - chosen.count());
  return chosen;
}

NicSet choose_nics(const NodeShape& shape, const GpuSet& gpus, const CoreSet& cores) {
  if (shape.nics.empty()) return {};
  if (gpus.empty()) return nics_near_cores(shape, cores);
  NicSet chosen;
  for (const std::size_t gpu : gpus) chosen.insert(nearest_nic(shape, shape.gpus[gpu], chosen));
  return chosen;
}

NodeShare choose_share(const NodeFree& free, const NodeShape& shape, const Component& component) {
  if (component.exclusive) return whole_node(free, shape);
  NodeShare share;
  const GpuSet fitting = free.gpus & gpus_of_type(shape, component.per_node);
  share.gpus = choose_gpus(fitting, shape, component.per_node.gpus);
  share.cores = choose_cores(free.cores, shape, share.gpus, component.per_node.cores);
  share.nics = choose_nics(shape, share.gpus, share.cores);
  share.memory_mib = memory_of_share(shape, component.per_node);
  return share;
}

}  // namespace usine
