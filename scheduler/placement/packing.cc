#include "scheduler/placement/packing.h"

#include <algorithm>
#include <span>

namespace usine {
namespace {

// Leaves that are looked at for each number of free GPUs before giving up.
constexpr int kLeavesMax = 8;

void add(std::span<std::uint32_t> to, std::span<const std::uint32_t> row) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += row[i];
}

void subtract(std::span<std::uint32_t> from, std::span<const std::uint32_t> row) {
  for (std::size_t i = 0; i < from.size(); ++i) from[i] -= row[i];
}

}  // namespace

// Nodes of the part with exactly `gpus` GPUs free.
std::uint32_t Packer::exactly(const PartDemand& part, std::size_t gpus, DomainPlace place) const {
  const Room& room = machine_.room();
  std::uint32_t nodes = 0;
  for (const std::uint32_t pool : part.pools) {
    if (gpus > room.gpus_of(pool)) continue;
    nodes += room.with_gpus(pool, gpus)[place];
    if (gpus < room.gpus_of(pool)) nodes -= room.with_gpus(pool, gpus + 1)[place];
  }
  return nodes;
}

void Packer::count(const PartDemand& part, std::size_t gpus) {
  const Room& room = machine_.room();
  const std::size_t leaves = machine_.tree().begin_of(1);
  exact_.assign(leaves, 0);
  idle_.assign(leaves, 0);
  const DomainPlace root = machine_.tree().root();
  for (const std::uint32_t pool : part.pools) {
    if (gpus > room.gpus_of(pool) || room.with_gpus(pool, gpus)[root] == 0) continue;
    add(idle_, room.idle(pool));
    add(exact_, room.with_gpus(pool, gpus));
    if (gpus < room.gpus_of(pool)) subtract(exact_, room.with_gpus(pool, gpus + 1));
  }
}

// The leaf that has such a node and the least key above `above`; fewer idle nodes are a lesser key.
std::optional<std::uint64_t> Packer::next_leaf(std::optional<std::uint64_t> above) const {
  const std::uint64_t least = above ? *above + 1 : 0;
  std::uint64_t best = ~std::uint64_t{0};
  for (std::uint32_t leaf = 0; leaf < exact_.size(); ++leaf) {
    const std::uint64_t key = std::uint64_t{idle_[leaf]} << 32 | leaf;
    if (exact_[leaf] > 0 && key >= least && key < best) best = key;
  }
  return best == ~std::uint64_t{0} ? std::nullopt : std::optional(best);
}

std::optional<NodeId> Packer::node_on(DomainPlace leaf, std::size_t gpus,
                                      const NodeTest& test) const {
  std::optional<NodeId> best;
  for (const NodeId node : machine_.tree().nodes(leaf)) {
    const NodeFree& free = machine_.free(node);
    if (free.gpu_count != gpus || machine_.is_claimed(node) || !test.fits(node)) continue;
    if (!best || free.core_count < machine_.free(*best).core_count) best = node;
  }
  return best;
}

std::optional<NodeId> Packer::pack(const PartDemand& part, std::size_t gpus, const NodeTest& test) {
  std::size_t most = 0;
  for (const std::uint32_t pool : part.pools) most = std::max(most, machine_.room().gpus_of(pool));
  const DomainPlace root = machine_.tree().root();
  for (; gpus <= most; ++gpus) {
    if (exactly(part, gpus, root) == 0) continue;
    count(part, gpus);
    std::optional<std::uint64_t> leaf;
    for (int looked = 0; looked < kLeavesMax; ++looked) {
      leaf = next_leaf(leaf);
      if (!leaf) break;
      if (auto node = node_on(static_cast<DomainPlace>(*leaf), gpus, test)) return node;
    }
  }
  return std::nullopt;
}

}  // namespace usine
