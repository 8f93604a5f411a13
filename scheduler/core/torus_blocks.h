// The tori of a cluster as blocks of nodes at positions, for what is asked of them apart from
// placement: whether a shape could ever be had, and how much of one is free. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "model/cluster.h"
#include "model/topology_request.h"

namespace usine {

struct TorusBlocks {
  DomainId domain;
  std::vector<std::vector<NodeId>> blocks;  // by position; all of one size

  [[nodiscard]] std::uint32_t nodes_per_block() const {
    return static_cast<std::uint32_t>(blocks.front().size());
  }
};

[[nodiscard]] std::vector<TorusBlocks> tori_of(const ClusterConfig& config);

// The most blocks of one cuboid of the request's shape in that torus all of whose nodes are among
// `usable` (ascending); 0 where the shape does not fit in the torus.
[[nodiscard]] std::uint32_t usable_blocks(const ClusterConfig& config, const TorusBlocks& torus,
                                          const TopologyRequest& topology,
                                          const std::vector<NodeId>& usable);

}  // namespace usine
