#include "scheduler/placement/torus_search.h"

#include <algorithm>

namespace usine {

bool TorusSearch::find(std::span<const TorusSize> sizes) {
  for (const TorusSize& size : sizes) {
    if (!size.fits_in(torus_)) continue;
    if (const auto corner = search_.find(size)) {
      search_.append_positions(*corner, size, positions_);
      return true;
    }
  }
  return false;
}

std::span<const LeafShare> TorusSearch::cuboid(std::span<const std::uint32_t> counts,
                                               DomainPlace torus, std::uint32_t nodes,
                                               const TopologyRequest& topology) {
  const std::span<const DomainPlace> blocks = tree_->children(torus);
  torus_ = tree_->at(torus).dimensions;
  nodes_per_block_ = tree_->at(blocks.front()).node_count;
  free_.clear();
  for (const DomainPlace block : blocks) free_.push_back(counts[block] == nodes_per_block_);
  search_.set_free(torus_, free_);
  shares_.clear();
  positions_.clear();
  if (topology.shape.empty()) {
    const std::uint32_t needed = (nodes + nodes_per_block_ - 1) / nodes_per_block_;
    if (!find(search_.sizes_holding(needed))) return {};
  } else {
    const bool matches = topology.shape.volume() * nodes_per_block_ == nodes;
    if (!matches || !find(shapes_of(topology))) return {};
  }
  for (const std::uint32_t position : positions_) {
    if (nodes == 0) break;
    const std::uint32_t here = std::min(nodes, nodes_per_block_);
    shares_.push_back({blocks[position], here});
    nodes -= here;
  }
  return shares_;
}

std::uint32_t TorusSearch::nearest(const TopologyRequest& topology) const {
  std::uint32_t most = 0;
  for (const TorusSize& shape : shapes_of(topology)) {
    if (shape.fits_in(torus_)) most = std::max(most, search_.most_free(shape));
  }
  return most * nodes_per_block_;
}

}  // namespace usine
