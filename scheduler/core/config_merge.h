// Taking a new configuration into a state that has one: ids in the journal and in running jobs stay
// what they were, whatever the order of the new file.
#pragma once

#include "common/result.h"
#include "model/cluster.h"

namespace usine {

// `fresh` with its nodes, partitions and QOS in the order of `old`, new ones behind them. Error:
// kRefused where one of `old` is gone, by name.
[[nodiscard]] Result<ClusterConfig> merge_config(const ClusterConfig& old, ClusterConfig fresh);

}  // namespace usine
