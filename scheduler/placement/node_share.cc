#include "scheduler/placement/node_share.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

struct Group {
  GpuSet gpus;
  std::uint64_t score = 0;
};

// Adds, one by one, the free GPU closest to all that the group has.
Group grow(const GpuSet& free, const ShapeTable& table, std::size_t seed, std::size_t count) {
  Group group;
  group.gpus.insert(seed);
  while (group.gpus.count() < count) {
    std::size_t best = GpuSet::kCapacity;
    std::uint64_t best_score = 0;
    for (const std::size_t candidate : free - group.gpus) {
      std::uint64_t score = 0;
      for (const std::size_t member : group.gpus) score += table.closeness(candidate, member);
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

// The NUMA domain of each GPU for which it is known, in order; the same one several times where
// several GPUs hang there.
class Domains {
 public:
  Domains(const NodeShape& shape, const GpuSet& gpus) {
    for (const std::size_t gpu : gpus) {
      if (shape.gpus[gpu].numa != kUnknownPlace) {
        numa_[count_++] = static_cast<std::size_t>(shape.gpus[gpu].numa);
      }
    }
  }
  [[nodiscard]] std::span<const std::size_t> all() const { return std::span(numa_).first(count_); }

 private:
  std::array<std::size_t, GpuSet::kCapacity> numa_;
  std::size_t count_ = 0;
};

CoreSet cores_without_gpus(const CoreSet& free, const ShapeTable& table, std::size_t count) {
  const CoreSet* best = nullptr;
  std::size_t best_free = CoreSet::kCapacity + 1;
  for (const CoreSet& cores : table.cores_of_numa) {
    const std::size_t have = (free & cores).count();
    if (have >= count && have < best_free) {
      best = &cores;
      best_free = have;
    }
  }
  CoreSet chosen;
  take_cores(chosen, best != nullptr ? free & *best : free, count);
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

GpuSet choose_gpus(const GpuSet& free, const ShapeTable& table, std::size_t count) {
  if (count == 0) return {};
  if (count == free.count()) return free;
  Group best;
  for (const std::size_t seed : free) {
    const Group group = grow(free, table, seed, count);
    if (best.gpus.empty() || group.score > best.score) best = group;
  }
  return best.gpus;
}

CoreSet choose_cores(const CoreSet& free, const ShapeTable& table, const GpuSet& gpus,
                     std::size_t count) {
  const Domains domains(*table.shape, gpus);
  if (domains.all().empty()) return cores_without_gpus(free, table, count);
  CoreSet chosen;
  const std::size_t each = count / domains.all().size();
  for (const std::size_t numa : domains.all()) {
    take_cores(chosen, free & table.cores_of_numa[numa], each);
  }
  std::size_t left = count - chosen.count();
  const auto top_up = [&](const CoreSet& from) {
    if (left == 0) return;
    take_cores(chosen, free & from, left);
    left = count - chosen.count();
  };
  for (const std::size_t numa : domains.all()) top_up(table.cores_of_numa[numa]);
  for (const std::size_t numa : domains.all()) top_up(table.package_of_numa[numa]);
  top_up(free);
  return chosen;
}

NicSet choose_nics(const ShapeTable& table, const GpuSet& gpus, const CoreSet& cores) {
  const NodeShape& shape = *table.shape;
  if (shape.nics.empty()) return {};
  if (gpus.empty()) return nics_near_cores(shape, cores);
  NicSet chosen;
  for (const std::size_t gpu : gpus) chosen.insert(nearest_nic(shape, shape.gpus[gpu], chosen));
  return chosen;
}

NodeShare choose_share(const NodeFree& free, const ShapeTable& table, const Component& component) {
  if (component.exclusive) return whole_node(free, *table.shape);
  NodeShare share;
  const NodeDemand& asked = component.per_node;
  const bool any_type = asked.gpu_type.empty();
  const GpuSet fitting = any_type ? free.gpus : free.gpus & gpus_of_type(*table.shape, asked);
  share.gpus = choose_gpus(fitting, table, asked.gpus);
  share.cores = choose_cores(free.cores, table, share.gpus, asked.cores);
  share.nics = choose_nics(table, share.gpus, share.cores);
  share.memory_mib = memory_of_share(*table.shape, asked);
  return share;
}

}  // namespace usine
