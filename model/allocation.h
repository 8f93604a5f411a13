// What a job holds while it runs: on each of its nodes, which cores, GPUs, NICs and how much
// memory.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/index_set.h"

namespace usine {

struct NodeShare {
  NodeId node;
  CoreSet cores;
  GpuSet gpus;
  NicSet nics;  // the nearest ones, for the job to use; NICs are shared between jobs
  std::int64_t memory_mib = 0;
  std::uint32_t component = 0;  // index in JobRequest::components

  friend bool operator==(const NodeShare&, const NodeShare&) = default;
};

// Shares in rank order: the ranks of the job run through nodes[0] first, which is its head node.
struct Allocation {
  std::vector<NodeShare> nodes;

  [[nodiscard]] std::uint64_t total_gpus() const;
  [[nodiscard]] std::uint64_t total_cores() const;
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

template <typename A>
void fields(A& a, NodeShare& v) {
  a(v.node, v.cores, v.gpus, v.nics, v.memory_mib, v.component);
}
template <typename A>
void fields(A& a, Allocation& v) {
  a(v.nodes);
}

}  // namespace usine
