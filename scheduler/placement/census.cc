#include "scheduler/placement/census.h"

#include <algorithm>
#include <string>

#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

using Row = std::span<const std::uint32_t>;

// The counts of one pool that bound where a share fits; `second` is empty where `first` says it
// all.
struct Rows {
  Row first;
  Row second;
};

Rows rows_for(const Room& room, std::uint32_t pool, const Component& asked) {
  if (asked.exclusive) return {room.idle(pool), {}};
  const NodeDemand& share = asked.per_node;
  if (share.gpus == 0) return {room.with_cores(pool, share.cores), {}};
  const Row gpus = room.with_gpus(pool, share.gpus);
  // Where it takes no more than its GPUs' part of the cores, free GPUs have free cores beside them.
  if (share.cores * room.gpus_of(pool) <= share.gpus * room.cores_of(pool)) return {gpus, {}};
  return {gpus, room.with_cores(pool, share.cores)};
}

// All pools that any part may use.
std::vector<std::uint32_t> pools_of(const ComponentDemand& component) {
  std::vector<std::uint32_t> pools;
  for (const PartDemand& part : component.ways.front()) {
    pools.insert(pools.end(), part.pools.begin(), part.pools.end());
  }
  std::ranges::sort(pools);
  const auto [first, last] = std::ranges::unique(pools);
  pools.erase(first, last);
  return pools;
}

// Nodes that take work, and those of them that have each resource free.
struct Census {
  std::int64_t exist = 0;
  std::int64_t up = 0;
  std::int64_t idle = 0;
  std::int64_t gpus = 0;
  std::int64_t cores = 0;
  std::int64_t memory = 0;
};

bool is_out(const ComponentDemand& component, NodeId node) {
  return std::ranges::binary_search(component.excluded, node);
}

// One by one: for what the counts leave open.
Census take_census(const Machine& machine, const ComponentDemand& component) {
  Census census;
  const NodeDemand& share = component.asked->per_node;
  for (const std::uint32_t pool : pools_of(component)) {
    for (const NodeId node : machine.pools().pools[pool].nodes) {
      if (is_out(component, node)) continue;
      ++census.exist;
      const NodeFree& free = machine.free(node);
      const NodeShape& shape = *machine.table(node).shape;
      if (!free.takes_work || !could_hold(shape, *component.asked)) continue;
      ++census.up;
      census.idle += free.jobs == 0 ? 1 : 0;
      census.gpus += free.gpu_count >= share.gpus ? 1 : 0;
      census.cores += free.core_count >= share.cores ? 1 : 0;
      census.memory += free.memory_mib >= memory_of_share(shape, share) ? 1 : 0;
    }
  }
  return census;
}

bool any_up(const Machine& machine, const ComponentDemand& component) {
  const DomainPlace root = machine.tree().root();
  if (machine.timeline().claimed_with_gpus(0) > 0) return true;
  return std::ranges::any_of(pools_of(component), [&](std::uint32_t pool) {
    return machine.room().with_gpus(pool, 0)[root] > 0;
  });
}

// "in one rack", "on 2 leaf switches".
std::string nearness(const TopologyRequest& topology) {
  if (topology.required) return "in one " + std::string(to_string(*topology.required));
  if (!topology.shape.empty()) return "in one " + to_string(topology.shape) + " of a torus";
  if (topology.segment > 0) return "in segments of " + std::to_string(topology.segment);
  const std::string switches = std::to_string(topology.switches_max);
  return "on " + switches + (topology.switches_max == 1 ? " leaf switch" : " leaf switches");
}

Reason scarcest(const ComponentDemand& component, const Census& census, std::uint32_t nearest) {
  const NodeDemand& share = component.asked->per_node;
  const auto nodes = static_cast<std::int64_t>(component.asked->nodes);
  const std::int64_t least = std::min({census.gpus, census.cores, census.memory});
  const auto reason = [&](ReasonKind kind, std::int64_t asked) {
    return Reason{kind, asked, least, nodes, {}};
  };
  if (component.asked->exclusive && census.idle < nodes) {
    return {ReasonKind::kNodesBusy, nodes, census.idle, census.exist, {}};
  }
  if (least >= nodes && !component.asked->topology.empty()) {
    return {ReasonKind::kTopologyBusy, nodes, nearest, nodes, nearness(component.asked->topology)};
  }
  if (share.gpus > 0 && census.gpus == least) return reason(ReasonKind::kGpusBusy, share.gpus);
  if (census.cores == least) return reason(ReasonKind::kCoresBusy, share.cores);
  return reason(ReasonKind::kMemoryBusy, share.memory_mib);
}

}  // namespace

std::uint64_t bound_at(const Room& room, const PartDemand& part, const Component& asked,
                       DomainPlace place) {
  std::uint64_t bound = 0;
  for (const std::uint32_t pool : part.pools) {
    const Rows rows = rows_for(room, pool, asked);
    bound +=
        rows.second.empty() ? rows.first[place] : std::min(rows.first[place], rows.second[place]);
  }
  return bound;
}

bool count_bounds(const Room& room, const PartDemand& part, const Component& asked,
                  std::span<std::uint32_t> counts) {
  std::ranges::fill(counts, 0);
  bool sums = true;
  for (const std::uint32_t pool : part.pools) {
    const Rows rows = rows_for(room, pool, asked);
    if (rows.first.back() == 0) continue;  // at the root, which is the last
    sums = sums && rows.second.empty();
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += rows.first[i];
  }
  return sums;
}

Reason scarcity(const Machine& machine, const ComponentDemand& component, std::uint32_t nearest) {
  const Component& asked = *component.asked;
  const DomainPlace root = machine.tree().root();
  std::int64_t open = 0;  // by the counts: at most so many nodes have room
  std::int64_t up = 0, exist = 0;
  for (const PartDemand& part : component.ways.front()) {
    open += static_cast<std::int64_t>(bound_at(machine.room(), part, asked, root));
  }
  for (const std::uint32_t pool : pools_of(component)) {
    up += machine.room().with_gpus(pool, 0)[root];
    exist += static_cast<std::int64_t>(machine.pools().pools[pool].nodes.size());
  }
  const auto nodes = static_cast<std::int64_t>(asked.nodes);
  const std::int64_t claimed = machine.timeline().claimed_with_gpus(asked.per_node.gpus);
  up += machine.timeline().claimed_with_gpus(0);
  if (!any_up(machine, component)) return {ReasonKind::kPartitionDown, nodes, 0, exist, {}};
  if (up < nodes) return {ReasonKind::kNodesDown, nodes, up, exist, {}};
  if (open < nodes && open + claimed >= nodes && !asked.exclusive) {
    return {ReasonKind::kBehindHigherPriority, 0, 0, 0, {}};
  }
  if (asked.per_node.gpus > 0 && open + claimed < nodes && !asked.exclusive) {
    return {ReasonKind::kGpusBusy, asked.per_node.gpus, open + claimed, nodes, {}};
  }
  const Census census = take_census(machine, component);
  if (census.up < nodes) return {ReasonKind::kNodesDown, nodes, census.up, census.exist, {}};
  const bool enough = std::min({census.gpus, census.cores, census.memory}) >= nodes;
  if (enough && !machine.timeline().claimed().empty() && asked.topology.empty()) {
    return {ReasonKind::kBehindHigherPriority, 0, 0, 0, {}};
  }
  return scarcest(component, census, nearest);
}

}  // namespace usine
