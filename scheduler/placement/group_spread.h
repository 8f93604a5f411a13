// How a gang that no group of a dragonfly holds lies on its groups: evenly over as many as there
// are whole leaves for, since every group brings its own links to all others (Kim, Dally, Scott and
// Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008; Slurm's topology/tree
// with TopologyParam=Dragonfly does so with leaves). Owned by the search; pure, keeps its buffers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "scheduler/placement/domain_tree.h"

namespace usine {

class GroupSpread {
 public:
  explicit GroupSpread(const DomainTree& tree) : tree_(&tree) {}

  // What `nodes` nodes take below `dragonfly`, by these counts: leaves are dealt one by one, each
  // to the group that has the fewest nodes so far, the roomiest of a group first, and all but the
  // last are taken with all that is free on them. Of a group that has no leaves, nodes are dealt.
  [[nodiscard]] std::span<const LeafShare> spread(std::span<const std::uint32_t> counts,
                                                  DomainPlace dragonfly, std::uint32_t nodes);

 private:
  struct Group {
    std::size_t first, last;   // its leaves that are left to be dealt, in leaves_
    std::uint32_t number = 0;  // in the order of the fabric
    bool is_leaf = false;      // has none: it is its own
    std::uint32_t taken = 0;
    std::size_t share = 0;  // of one that is its own leaf: in dealt_
  };

  [[nodiscard]] std::uint32_t deal_node(Group& group, std::uint32_t free);
  [[nodiscard]] std::uint32_t deal_leaf(Group& group, std::span<const std::uint32_t> counts,
                                        std::uint32_t nodes);
  void gather(std::span<const std::uint32_t> counts, DomainPlace domain);
  void gather_groups(std::span<const std::uint32_t> counts, DomainPlace dragonfly);

  const DomainTree* tree_;
  std::vector<DomainPlace> leaves_;  // by group, the roomiest first
  std::vector<Group> groups_;        // a heap, the one with the fewest nodes on top
  std::vector<LeafShare> dealt_;
};

}  // namespace usine
