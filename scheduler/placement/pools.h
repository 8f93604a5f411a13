// The nodes of a cluster by what tells them apart in placement: one pool holds all nodes of one
// class that lie in the same partitions and have the same features. A request settles once which
// pools it may use, and then counts in them instead of looking at each node. Made from the
// configuration; pure value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "model/cluster.h"

namespace usine {

struct Pool {
  std::uint32_t node_class = 0;         // index in ClusterConfig::classes
  std::vector<PartitionId> partitions;  // ascending
  std::vector<std::string> features;    // ascending
  std::vector<NodeId> nodes;            // ascending
};

struct Pools {
  std::vector<Pool> pools;
  std::vector<std::uint32_t> of_node;  // by node: index in `pools`
};

[[nodiscard]] Pools make_pools(const ClusterConfig& config);

[[nodiscard]] bool in_partition(const Pool& pool, PartitionId partition);

}  // namespace usine
