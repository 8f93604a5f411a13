#include "scheduler/core/torus_blocks.h"

#include <algorithm>
#include <map>

namespace usine {

std::vector<TorusBlocks> tori_of(const ClusterConfig& config) {
  const std::vector<Domain>& domains = config.fabric.domains;
  std::map<DomainId, std::vector<NodeId>> nodes_on;
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    nodes_on[config.nodes[i].leaf].push_back(NodeId{i});
  }
  std::map<DomainId, TorusBlocks> tori;
  for (std::uint32_t i = 1; i < domains.size(); ++i) {
    const DomainId parent = domains[i].parent;
    if (domains[parent.value].wiring != Wiring::kTorus) continue;
    tori[parent].domain = parent;
    tori[parent].blocks.push_back(nodes_on[DomainId{i}]);
  }
  std::vector<TorusBlocks> found;
  for (auto& [domain, torus] : tori) found.push_back(std::move(torus));
  return found;
}

std::uint32_t usable_blocks(const ClusterConfig& config, const TorusBlocks& torus,
                            const TopologyRequest& topology, const std::vector<NodeId>& usable) {
  const TorusSize& size = config.fabric.domains[torus.domain.value].dimensions;
  std::vector<bool> free;
  for (const std::vector<NodeId>& block : torus.blocks) {
    free.push_back(std::ranges::all_of(
        block, [&](NodeId node) { return std::ranges::binary_search(usable, node); }));
  }
  CuboidSearch search;
  search.set_free(size, free);
  std::uint32_t most = 0;
  for (const TorusSize& shape : shapes_of(topology)) {
    if (shape.fits_in(size)) most = std::max(most, search.most_free(shape));
  }
  return most;
}

}  // namespace usine
