#include "scheduler/placement/group_spread.h"

#include <algorithm>
#include <utility>

namespace usine {

// The leaves below `domain` that have room, whatever lies between. As deep as the fabric is.
void GroupSpread::gather(std::span<const std::uint32_t> counts, DomainPlace domain) {
  if (counts[domain] == 0) return;
  const std::span<const DomainPlace> children = tree_->children(domain);
  if (children.empty()) leaves_.push_back(domain);
  for (const DomainPlace child : children) gather(counts, child);
}

void GroupSpread::gather_groups(std::span<const std::uint32_t> counts, DomainPlace dragonfly) {
  leaves_.clear();
  groups_.clear();
  std::uint32_t number = 0;
  for (const DomainPlace group : tree_->children(dragonfly)) {
    const std::size_t first = leaves_.size();
    gather(counts, group);
    if (leaves_.size() == first) continue;
    std::ranges::stable_sort(leaves_.begin() + static_cast<std::ptrdiff_t>(first), leaves_.end(),
                             std::ranges::greater(),
                             [&](DomainPlace leaf) { return counts[leaf]; });
    groups_.push_back({first, leaves_.size(), number++, tree_->children(group).empty()});
  }
}

std::uint32_t GroupSpread::deal_node(Group& group, std::uint32_t free) {
  if (group.taken == 0) {
    group.share = dealt_.size();
    dealt_.push_back({leaves_[group.first], 0});
  }
  ++dealt_[group.share].nodes;
  if (group.taken + 1 == free) ++group.first;
  return 1;
}

std::uint32_t GroupSpread::deal_leaf(Group& group, std::span<const std::uint32_t> counts,
                                     std::uint32_t nodes) {
  DomainPlace leaf = leaves_[group.first];
  // The last one that is needed is the smallest that is enough.
  for (std::size_t i = group.first; i < group.last && counts[leaves_[i]] >= nodes; ++i) {
    leaf = leaves_[i];
  }
  const std::uint32_t here = std::min(nodes, counts[leaf]);
  dealt_.push_back({leaf, here});
  ++group.first;
  return here;
}

std::span<const LeafShare> GroupSpread::spread(std::span<const std::uint32_t> counts,
                                               DomainPlace dragonfly, std::uint32_t nodes) {
  gather_groups(counts, dragonfly);
  dealt_.clear();
  const auto later = [](const Group& a, const Group& b) {
    return std::pair(a.taken, a.number) > std::pair(b.taken, b.number);
  };
  while (nodes > 0 && !groups_.empty()) {
    std::ranges::pop_heap(groups_, later);
    Group& group = groups_.back();
    const std::uint32_t here = group.is_leaf ? deal_node(group, counts[leaves_[group.first]])
                                             : deal_leaf(group, counts, nodes);
    nodes -= here;
    group.taken += here;
    if (group.first == group.last) {
      groups_.pop_back();
    } else {
      std::ranges::push_heap(groups_, later);
    }
  }
  return dealt_;
}

}  // namespace usine
