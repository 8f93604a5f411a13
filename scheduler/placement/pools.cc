#include "scheduler/placement/pools.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace usine {
namespace {

using PartitionsOfNode = std::vector<std::vector<PartitionId>>;

PartitionsOfNode partitions_by_node(const ClusterConfig& config) {
  PartitionsOfNode found(config.nodes.size());
  for (std::uint32_t i = 0; i < config.partitions.size(); ++i) {
    for (const NodeId node : config.partitions[i].nodes) found[node.value].push_back({i});
  }
  return found;
}

}  // namespace

Pools make_pools(const ClusterConfig& config) {
  using Key = std::tuple<std::uint32_t, std::vector<PartitionId>, std::vector<std::string>>;
  std::map<Key, std::uint32_t> known;
  Pools made;
  PartitionsOfNode partitions = partitions_by_node(config);
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    const ConfiguredNode& node = config.nodes[i];
    std::vector<std::string> features = node.features;
    std::ranges::sort(features);
    Key key{node.node_class, std::move(partitions[i]), std::move(features)};
    const auto number = static_cast<std::uint32_t>(made.pools.size());
    const auto [place, is_new] = known.try_emplace(key, number);
    if (is_new) {
      made.pools.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), {}});
    }
    made.pools[place->second].nodes.push_back(NodeId{i});
    made.of_node.push_back(place->second);
  }
  return made;
}

bool in_partition(const Pool& pool, PartitionId partition) {
  return std::ranges::binary_search(pool.partitions, partition);
}

}  // namespace usine
