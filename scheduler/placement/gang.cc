#include "scheduler/placement/gang.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scheduler/core/feasibility.h"
#include "scheduler/placement/node_share.h"

namespace usine {
namespace {

// The nodes of one leaf that hold a share now, fullest first.
struct LeafRoom {
  std::size_t order = 0;  // of the leaf by name
  std::vector<NodeId> nodes;
  std::uint64_t free_gpus = 0;
  std::uint64_t free_cores = 0;
};

struct Search {
  Machine& machine;
  PartitionId partition;
  const Component& component;
  std::set<NodeId> named;     // --nodelist
  std::set<NodeId> excluded;  // --exclude, and what earlier components took
};

std::set<NodeId> ids_of(const State& state, const std::vector<std::string>& names) {
  std::set<NodeId> ids;
  for (const std::string& name : names) {
    const auto found = state.node_by_name.find(name);
    if (found != state.node_by_name.end()) ids.insert(found->second);
  }
  return ids;
}

bool is_candidate(const Search& search, NodeId node) {
  return search.machine.in_partition(node, search.partition) && !search.excluded.contains(node);
}

bool has_room(const Search& search, NodeId node) {
  return is_candidate(search, node) &&
         share_fits(search.machine.free(node), search.machine.state().shape_of(node),
                    search.component);
}

void sort_fullest_first(const Machine& machine, std::vector<NodeId>& nodes) {
  std::ranges::stable_sort(nodes, {}, [&machine](NodeId node) {
    const NodeFree& free = machine.free(node);
    return std::tuple(free.gpu_count, free.core_count, free.memory_mib);
  });
}

std::vector<LeafRoom> rooms(const Search& search) {
  std::vector<LeafRoom> found;
  const std::vector<Leaf>& leaves = search.machine.leaves();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    LeafRoom room{i, {}, 0, 0};
    for (const NodeId node : leaves[i].nodes) {
      if (search.named.contains(node) || !has_room(search, node)) continue;
      room.nodes.push_back(node);
      room.free_gpus += search.machine.free(node).gpu_count;
      room.free_cores += search.machine.free(node).core_count;
    }
    if (!room.nodes.empty()) found.push_back(std::move(room));
  }
  return found;
}

// Smallest first, then fullest, then by name.
auto best_fit_key(const LeafRoom& room) {
  return std::tuple(room.nodes.size(), room.free_gpus, room.free_cores, room.order);
}

// The smallest leaf with room for `wanted` nodes, or the largest where none is large enough.
std::vector<LeafRoom>::iterator best_leaf(std::vector<LeafRoom>& from, std::size_t wanted) {
  auto best = from.end();
  for (auto it = from.begin(); it != from.end(); ++it) {
    if (it->nodes.size() < wanted) continue;
    if (best == from.end() || best_fit_key(*it) < best_fit_key(*best)) best = it;
  }
  if (best != from.end()) return best;
  return std::ranges::min_element(from, {}, [](const LeafRoom& room) {
    return std::tuple(~room.nodes.size(), room.free_gpus, room.free_cores, room.order);
  });
}

// `wanted` nodes on as few leaves as hold them; fewer than `wanted` where there are no more.
std::vector<NodeId> choose_nodes(const Search& search, std::size_t wanted) {
  std::vector<LeafRoom> left = rooms(search);
  std::vector<NodeId> chosen;
  while (chosen.size() < wanted && !left.empty()) {
    const auto leaf = best_leaf(left, wanted - chosen.size());
    sort_fullest_first(search.machine, leaf->nodes);
    const std::size_t take = std::min(leaf->nodes.size(), wanted - chosen.size());
    leaf->nodes.resize(take);
    chosen.insert(chosen.end(), leaf->nodes.begin(), leaf->nodes.end());
    left.erase(leaf);
  }
  return chosen;
}

// Leaf by leaf in the order of their names, and by name on each.
void sort_by_topology(const State& state, std::vector<NodeId>& nodes) {
  const Fabric& fabric = state.config->fabric;
  std::ranges::sort(nodes, {}, [&](NodeId node) {
    const ConfiguredNode& configured = state.config->nodes[node.value];
    return std::pair<const std::string&, const std::string&>(
        fabric.domains[configured.leaf.value].name, configured.name);
  });
}

// ---- why it does not fit ----------------------------------------------------------------------

// How many candidates have each resource free, to name the scarcest.
struct Census {
  bool any_up = false;     // of all candidates
  std::int64_t exist = 0;  // could hold the share when idle
  std::int64_t up = 0;     // of those, take work now
  std::int64_t gpus = 0;   // of those, have the GPUs free
  std::int64_t cores = 0;
  std::int64_t memory = 0;
  std::int64_t idle = 0;
};

Census take_census(const Search& search) {
  Census census;
  const State& state = search.machine.state();
  const NodeDemand& demand = search.component.per_node;
  for (const NodeId node : state.config->partitions[search.partition.value].nodes) {
    const NodeShape& shape = state.shape_of(node);
    if (!is_candidate(search, node)) continue;
    const NodeFree& free = search.machine.free(node);
    census.any_up = census.any_up || free.takes_work;
    const std::uint32_t node_class = state.config->nodes[node.value].node_class;
    if (!could_hold(state.config->classes[node_class].shape, search.component)) continue;
    ++census.exist;
    if (!free.takes_work || !could_hold(shape, search.component)) continue;
    ++census.up;
    if (free.gpu_count >= demand.gpus) ++census.gpus;
    if (free.core_count >= demand.cores) ++census.cores;
    if (free.memory_mib >= memory_of_share(shape, demand)) ++census.memory;
    if (free.jobs == 0) ++census.idle;
  }
  return census;
}

// The resource that the fewest nodes have free: what to ask less of.
Reason scarcest(const Search& search, const Census& census) {
  const NodeDemand& demand = search.component.per_node;
  const std::int64_t least = std::min({census.gpus, census.cores, census.memory});
  const auto reason = [&](ReasonKind kind, std::int64_t asked) {
    return Reason{kind, asked, least, search.component.nodes, {}};
  };
  if (demand.gpus > 0 && census.gpus == least) return reason(ReasonKind::kGpusBusy, demand.gpus);
  if (census.cores == least) return reason(ReasonKind::kCoresBusy, demand.cores);
  return reason(ReasonKind::kMemoryBusy, demand.memory_mib);
}

Reason why_not(const Search& search) {
  const Census census = take_census(search);
  const auto nodes = static_cast<std::int64_t>(search.component.nodes);
  const auto reason = [&](ReasonKind kind, std::int64_t have) {
    return Reason{kind, nodes, have, census.exist, {}};
  };
  if (!census.any_up) return reason(ReasonKind::kPartitionDown, 0);
  if (census.up < nodes) return reason(ReasonKind::kNodesDown, census.up);
  if (search.component.exclusive && census.idle < nodes) {
    return reason(ReasonKind::kNodesBusy, census.idle);
  }
  return scarcest(search, census);
}

Reason named_busy(const State& state, const std::set<NodeId>& nodes) {
  return {ReasonKind::kNodeListBusy, static_cast<std::int64_t>(nodes.size()), 0, 0,
          names_of(state, nodes)};
}

// ---- one component ----------------------------------------------------------------------------

std::expected<std::vector<NodeId>, Reason> nodes_for(const Search& search) {
  std::set<NodeId> busy;
  for (const NodeId node : search.named) {
    if (!has_room(search, node)) busy.insert(node);
  }
  const State& state = search.machine.state();
  if (!busy.empty()) return std::unexpected(named_busy(state, busy));
  std::vector<NodeId> nodes = choose_nodes(search, search.component.nodes - search.named.size());
  nodes.insert(nodes.end(), search.named.begin(), search.named.end());
  if (nodes.size() < search.component.nodes) return std::unexpected(why_not(search));
  sort_by_topology(state, nodes);
  return nodes;
}

}  // namespace

std::expected<Allocation, Reason> place_gang(Machine& machine, PartitionId partition,
                                             const JobRequest& request,
                                             const std::set<NodeId>& avoid) {
  const State& state = machine.state();
  const std::size_t mark = machine.mark();
  Allocation allocation;
  std::set<NodeId> taken = avoid;
  for (std::uint32_t i = 0; i < request.components.size(); ++i) {
    const Component& component = request.components[i];
    Search search{machine, partition, component, ids_of(state, component.only_nodes), taken};
    search.excluded.merge(ids_of(state, component.excluded_nodes));
    const auto nodes = nodes_for(search);
    if (!nodes) {
      machine.roll_back(mark);
      return std::unexpected(nodes.error());
    }
    for (const NodeId node : *nodes) {
      NodeShare share = choose_share(machine.free(node), state.shape_of(node), component);
      share.node = node;
      share.component = i;
      machine.book(share);
      allocation.nodes.push_back(share);
      taken.insert(node);
    }
  }
  return allocation;
}

}  // namespace usine
