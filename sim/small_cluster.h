// Clusters and requests made up for simulations and tests: every node alike, on leaf switches of
// equal size under one root. Pure values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/cluster.h"
#include "model/request.h"

namespace usine::sim {

struct ClusterSize {
  std::uint32_t nodes = 8;
  std::uint32_t nodes_per_leaf = 4;
  std::uint32_t cores = 16;  // of a node
  std::uint32_t gpus = 4;    // of a node
  std::int64_t memory_mib = 64 << 10;
};

// Nodes are named n0001, n0002, ...; one partition "main" of all of them; NodeId is the number less
// one.
[[nodiscard]] std::shared_ptr<const ClusterConfig> make_cluster(const ClusterSize& size,
                                                                const Timings& timings = {});

// The same with three QOS, of which the last puts jobs of the first back, limits on how many jobs
// of a user and of a QOS run at once, and three projects, two of which are guaranteed GPUs.
[[nodiscard]] std::shared_ptr<const ClusterConfig> with_classes(const ClusterConfig& config);

// The same with its leaves joined so; left a tree where a torus would have uneven blocks.
[[nodiscard]] std::shared_ptr<const ClusterConfig> with_wiring(const ClusterConfig& config,
                                                               Wiring wiring);

// A sound request of "alice" for so many cores and GPUs on each of `nodes` nodes; change what
// matters.
[[nodiscard]] JobRequest make_request(std::uint32_t nodes, std::uint32_t cores, std::uint32_t gpus);

}  // namespace usine::sim
