// Which blocks of a torus a gang takes: a cuboid, so that its messages cross no other job's links.
// Of the shape that the request names (B53), else of the smallest surface that holds the gang.
// Owned by the search; pure, keeps its buffers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/topology_request.h"
#include "scheduler/placement/domain_tree.h"

namespace usine {

class TorusSearch {
 public:
  explicit TorusSearch(const DomainTree& tree) : tree_(&tree) {}

  // What `nodes` nodes take of the torus, by these counts: whole blocks but for the last, in the
  // order of their positions. Empty where no cuboid is free.
  [[nodiscard]] std::span<const LeafShare> cuboid(std::span<const std::uint32_t> counts,
                                                  DomainPlace torus, std::uint32_t nodes,
                                                  const TopologyRequest& topology);
  // Of the torus looked at last: the most nodes in free blocks of one cuboid of the shape.
  [[nodiscard]] std::uint32_t nearest(const TopologyRequest& topology) const;

 private:
  [[nodiscard]] bool find(std::span<const TorusSize> sizes);

  const DomainTree* tree_;
  CuboidSearch search_;
  TorusSize torus_;  // looked at last
  std::uint32_t nodes_per_block_ = 0;
  std::vector<bool> free_;  // by position
  std::vector<std::uint32_t> positions_;
  std::vector<LeafShare> shares_;
};

}  // namespace usine
