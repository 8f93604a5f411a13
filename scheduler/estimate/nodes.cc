#include "scheduler/estimate/nodes.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/check.h"

namespace usine {

EstimateNodes::EstimateNodes(std::size_t pools, std::vector<std::uint32_t> pool_of)
    : pools_(pools), nodes_(pool_of.size()), groups_(pools + kKeptMax) {
  for (std::size_t i = 0; i < pool_of.size(); ++i) {
    nodes_[i].pool = pool_of[i];
    nodes_[i].group = pool_of[i];
  }
}

void EstimateNodes::link(std::uint32_t number) {
  Node& node = nodes_[number];
  if (node.free == 0) return;
  Group& group = groups_[node.group];
  node.before = kNone;
  node.next = group.first[node.free];
  if (node.next != kNone) nodes_[node.next].before = number;
  group.first[node.free] = number;
  ++group.count[node.free];
  const std::size_t word = node.free / 64;
  group.used[word] |= std::uint64_t{1} << (node.free % 64);
  group.summary[word / 64] |= std::uint64_t{1} << (word % 64);
}

void EstimateNodes::unlink(std::uint32_t number) {
  Node& node = nodes_[number];
  if (node.free == 0) return;
  Group& group = groups_[node.group];
  if (node.next != kNone) nodes_[node.next].before = node.before;
  if (node.before != kNone) {
    nodes_[node.before].next = node.next;
  } else {
    group.first[node.free] = node.next;
  }
  if (--group.count[node.free] > 0) return;
  const std::size_t word = node.free / 64;
  group.used[word] &= ~(std::uint64_t{1} << (node.free % 64));
  if (group.used[word] == 0) group.summary[word / 64] &= ~(std::uint64_t{1} << (word % 64));
}

void EstimateNodes::move(std::uint32_t node, std::uint32_t group) {
  unlink(node);
  nodes_[node].group = group;
  link(node);
}

void EstimateNodes::give(std::uint32_t node, std::uint32_t units) {
  unlink(node);
  const std::uint32_t free = nodes_[node].free + units;
  nodes_[node].free = static_cast<std::uint16_t>(std::min<std::uint32_t>(free, kWhole));
  link(node);
}

void EstimateNodes::take(std::uint32_t node, std::uint32_t units) {
  unlink(node);
  CHECK_THAT(units <= nodes_[node].free);
  nodes_[node].free = static_cast<std::uint16_t>(nodes_[node].free - units);
  link(node);
}

std::uint32_t EstimateNodes::keep(std::span<const std::uint32_t> nodes, std::int64_t at) {
  const auto free = std::ranges::find(in_use_, false);
  CHECK_THAT(free != in_use_.end());
  const auto slot = static_cast<std::uint32_t>(free - in_use_.begin());
  in_use_[slot] = true;
  ++kept_count_;
  kept_from_[slot] = at;
  kept_nodes_[slot].assign(nodes.begin(), nodes.end());
  for (const std::uint32_t node : nodes) move(node, static_cast<std::uint32_t>(pools_) + slot);
  return slot;
}

void EstimateNodes::let_go(std::uint32_t kept) {
  for (const std::uint32_t node : std::exchange(kept_nodes_[kept], {})) {
    move(node, nodes_[node].pool);
  }
  in_use_[kept] = false;
  --kept_count_;
}

std::size_t EstimateNodes::next_word(const Group& group, std::size_t from) {
  std::size_t at = from / 64;
  if (at >= kSummaryWords) return kWords;
  std::uint64_t bits = group.summary[at] & (~std::uint64_t{0} << (from % 64));
  while (bits == 0) {
    if (++at == kSummaryWords) return kWords;
    bits = group.summary[at];
  }
  return at * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

std::uint32_t EstimateNodes::next_level(const Group& group, std::uint32_t from) {
  if (from > kWhole) return kWhole + 1;
  std::size_t word = from / 64;
  std::uint64_t bits = group.used[word] & (~std::uint64_t{0} << (from % 64));
  if (bits == 0) {
    word = next_word(group, word + 1);
    if (word == kWords) return kWhole + 1;
    bits = group.used[word];
  }
  return static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits));
}

void EstimateNodes::collect(std::uint32_t number, const EstimateDemand& demand,
                            std::vector<std::uint32_t>& chosen) const {
  const Group& group = groups_[number];
  const bool kept = number >= pools_;
  const std::uint32_t least = kept ? demand.units_least : demand.units[number];
  for (std::uint32_t level = next_level(group, least); level <= kWhole;
       level = next_level(group, level + 1)) {
    for (std::uint32_t node = group.first[level]; node != kNone; node = nodes_[node].next) {
      const std::uint16_t units = demand.units[nodes_[node].pool];
      if (kept && (units == 0 || units > level)) continue;
      chosen.push_back(node);
      if (chosen.size() == demand.nodes) return;
    }
  }
}

std::uint32_t EstimateNodes::count_from(std::uint32_t number, std::uint32_t least,
                                        std::uint32_t enough) const {
  const Group& group = groups_[number];
  std::uint32_t found = 0;
  for (std::uint32_t level = next_level(group, least); level <= kWhole && found < enough;
       level = next_level(group, level + 1)) {
    found += group.count[level];
  }
  return found;
}

bool EstimateNodes::may_fit(const EstimateDemand& demand, std::int64_t until,
                            std::uint32_t own) const {
  std::uint32_t found = 0;
  for (const std::uint32_t pool : demand.pools) {
    found += count_from(pool, demand.units[pool], demand.nodes - found);
    if (found >= demand.nodes) return true;
  }
  for (std::uint32_t slot = 0; slot < kKeptMax; ++slot) {
    if (!in_use_[slot] || (slot != own && kept_from_[slot] < until)) continue;
    const auto group = static_cast<std::uint32_t>(pools_) + slot;
    found += count_from(group, demand.units_least, demand.nodes - found);
    if (found >= demand.nodes) return true;
  }
  return false;
}

bool EstimateNodes::choose(const EstimateDemand& demand, std::int64_t until, std::uint32_t own,
                           std::vector<std::uint32_t>& chosen) const {
  chosen.clear();
  if (!may_fit(demand, until, own)) return false;
  if (own < kKeptMax) {
    collect(static_cast<std::uint32_t>(pools_) + own, demand, chosen);
    if (chosen.size() == demand.nodes) return true;
  }
  for (const std::uint32_t pool : demand.pools) {
    collect(pool, demand, chosen);
    if (chosen.size() == demand.nodes) return true;
  }
  for (std::uint32_t slot = 0; slot < kKeptMax; ++slot) {
    if (!in_use_[slot] || slot == own || kept_from_[slot] < until) continue;
    collect(static_cast<std::uint32_t>(pools_) + slot, demand, chosen);
    if (chosen.size() == demand.nodes) return true;
  }
  return false;
}

}  // namespace usine
