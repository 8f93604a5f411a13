#include "scheduler/placement/room.h"

#include <algorithm>

namespace usine {

Room::Room(const ClusterConfig& config, const Pools& pools, const DomainTree& tree)
    : places_(tree.size()) {
  std::size_t rows = 0;
  for (const Pool& pool : pools.pools) {
    const NodeShape& shape = config.classes[pool.node_class].shape;
    kinds_.push_back({shape.gpus.size(), shape.cores.size(), rows});
    rows += 1 + shape.gpus.size() + 1 + kCoreSteps;
  }
  for (DomainPlace i = 0; i < tree.size(); ++i) parents_.push_back(tree.at(i).parent);
  counts_.assign(rows * places_, 0);
}

// Rounded up, so that a node with enough cores is never missed.
std::size_t Room::steps_of(const Kind& kind, std::size_t cores) {
  if (kind.cores == 0) return cores == 0 ? 0 : kCoreSteps;
  return std::min((cores * kCoreSteps + kind.cores - 1) / kind.cores, kCoreSteps);
}

// From the place up to the root; a difference of -1 wraps around, as unsigned numbers do.
void Room::add(std::size_t row, DomainPlace place, std::uint32_t difference) {
  std::uint32_t* const counts = counts_.data() + row * places_;
  while (true) {
    counts[place] += difference;
    if (parents_[place] == place) return;
    place = parents_[place];
  }
}

// Rows first + 1 ... first + n count a node that has n; it had `before` and has `after`.
void Room::add_rows(std::size_t first, std::size_t before, std::size_t after, DomainPlace place) {
  for (std::size_t n = before; n > after; --n) add(first + n, place, ~std::uint32_t{0});
  for (std::size_t n = before + 1; n <= after; ++n) add(first + n, place, 1);
}

void Room::change(std::uint32_t pool, DomainPlace place, const NodeRoom& before,
                  const NodeRoom& after) {
  if (before == after) return;
  const Kind& kind = kinds_[pool];
  const auto gpus = [&](const NodeRoom& node) {
    return node.open ? std::min<std::size_t>(node.gpus, kind.gpus) : 0;
  };
  const auto idle = [](const NodeRoom& node) { return node.open && node.idle ? 1u : 0u; };
  const auto steps = [&](const NodeRoom& node) {
    return node.open ? steps_of(kind, node.cores) : 0;
  };
  if (before.open != after.open) add(kind.first_row, place, after.open ? 1 : ~std::uint32_t{0});
  add_rows(kind.first_row, gpus(before), gpus(after), place);
  add_rows(idle_row(kind) - 1, idle(before), idle(after), place);
  add_rows(idle_row(kind), steps(before), steps(after), place);
}

std::span<const std::uint32_t> Room::with_gpus(std::uint32_t pool, std::size_t gpus) const {
  const Kind& kind = kinds_[pool];
  return row(kind.first_row + std::min(gpus, kind.gpus));
}

std::span<const std::uint32_t> Room::idle(std::uint32_t pool) const {
  return row(idle_row(kinds_[pool]));
}

std::span<const std::uint32_t> Room::with_cores(std::uint32_t pool, std::size_t cores) const {
  const Kind& kind = kinds_[pool];
  const std::size_t steps = steps_of(kind, cores);
  return row(steps == 0 ? kind.first_row : idle_row(kind) + steps);
}

}  // namespace usine
