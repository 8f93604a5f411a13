// Whether nodes that could each hold a component's share could together be what it asks for:
// features, domains of the fabric, segments, one site. Part of feasibility.h, which asks after the
// share alone. Pure.
#pragma once

#include <vector>

#include "common/result.h"
#include "model/cluster.h"
#include "model/request.h"

namespace usine {

// The nodes of a partition that could hold the share of a component, and of which partition.
struct FittingNodes {
  const ClusterConfig& config;
  const Partition& partition;
  const std::vector<NodeId>& nodes;
};

// Error: kNotFound for a feature that no node has, listing those that are known.
[[nodiscard]] Status check_features_known(const ClusterConfig& config, const Component& component);

// Errors: kRefused, naming the largest that there is.
[[nodiscard]] Status check_places(const FittingNodes& fitting, const Component& component);

}  // namespace usine
