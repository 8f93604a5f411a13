#include "scheduler/placement/packing.h"

#include <algorithm>
#include <cstdint>

namespace usine {
namespace {

// Leaves that are looked at for each number of free GPUs before giving up.
constexpr int kLeavesMax = 8;

// Nodes of the part with exactly `gpus` GPUs free.
std::uint32_t exactly(const Machine& machine, const PartDemand& part, std::size_t gpus,
                      DomainPlace place) {
  const Room& room = machine.room();
  std::uint32_t nodes = 0;
  for (const std::uint32_t pool : part.pools) {
    if (gpus > room.gpus_of(pool)) continue;
    nodes += room.with_gpus(pool, gpus)[place];
    if (gpus < room.gpus_of(pool)) nodes -= room.with_gpus(pool, gpus + 1)[place];
  }
  return nodes;
}

std::uint32_t idle_nodes(const Machine& machine, const PartDemand& part, DomainPlace place) {
  std::uint32_t nodes = 0;
  for (const std::uint32_t pool : part.pools) nodes += machine.room().idle(pool)[place];
  return nodes;
}

// The order of leaves: fewer idle nodes first.
std::uint64_t key_of(const Machine& machine, const PartDemand& part, DomainPlace leaf) {
  return std::uint64_t{idle_nodes(machine, part, leaf)} << 32 | leaf;
}

// The leaf with the least key above `above` that has such a node.
std::optional<std::uint64_t> next_leaf(const Machine& machine, const PartDemand& part,
                                       std::size_t gpus, std::optional<std::uint64_t> above) {
  std::optional<std::uint64_t> best;
  for (DomainPlace leaf = 0; leaf < machine.tree().begin_of(1); ++leaf) {
    if (exactly(machine, part, gpus, leaf) == 0) continue;
    const std::uint64_t key = key_of(machine, part, leaf);
    if ((!above || key > *above) && (!best || key < *best)) best = key;
  }
  return best;
}

std::optional<NodeId> node_on(const Machine& machine, DomainPlace leaf, std::size_t gpus,
                              const NodeTest& test) {
  std::optional<NodeId> best;
  for (const NodeId node : machine.tree().nodes(leaf)) {
    const NodeFree& free = machine.free(node);
    if (free.gpu_count != gpus || machine.is_held(node)) continue;
    if (!test.fits(node)) continue;
    if (!best || free.core_count < machine.free(*best).core_count) best = node;
  }
  return best;
}

}  // namespace

std::optional<NodeId> pack(const Machine& machine, const PartDemand& part, std::size_t gpus,
                           const NodeTest& test) {
  std::size_t most = 0;
  for (const std::uint32_t pool : part.pools) most = std::max(most, machine.room().gpus_of(pool));
  const DomainPlace root = machine.tree().root();
  for (; gpus <= most; ++gpus) {
    if (exactly(machine, part, gpus, root) == 0) continue;
    std::optional<std::uint64_t> leaf;
    for (int looked = 0; looked < kLeavesMax; ++looked) {
      leaf = next_leaf(machine, part, gpus, leaf);
      if (!leaf) break;
      if (auto node = node_on(machine, static_cast<DomainPlace>(*leaf), gpus, test)) return node;
    }
  }
  return std::nullopt;
}

}  // namespace usine
