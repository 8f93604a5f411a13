#include "scheduler/placement/machine.h"

#include <algorithm>
#include <map>

#include "common/check.h"

namespace usine {
namespace {

NodeFree free_of(const Node& node) {
  NodeFree free;
  free.cores = node.free_cores;
  free.gpus = node.free_gpus;
  free.memory_mib = node.free_memory_mib;
  free.core_count = static_cast<std::uint32_t>(node.free_cores.count());
  free.gpu_count = static_cast<std::uint32_t>(node.free_gpus.count());
  free.jobs = static_cast<std::uint32_t>(node.jobs.size());
  free.takes_work = node.takes_work();
  return free;
}

std::vector<Leaf> leaves_by_name(const State& state) {
  std::map<DomainId, std::vector<NodeId>> members;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    members[state.config->nodes[i].leaf].push_back(NodeId{i});
  }
  std::vector<Leaf> leaves;
  for (auto& [domain, nodes] : members) {
    std::ranges::sort(nodes, {}, [&](NodeId node) { return state.node_name(node); });
    leaves.push_back({domain, std::move(nodes)});
  }
  std::ranges::sort(leaves, {}, [&](const Leaf& leaf) {
    return state.config->fabric.domains[leaf.domain.value].name;
  });
  return leaves;
}

}  // namespace

Machine::Machine(const State& state) : state_(&state) { rebuild(); }

void Machine::rebuild() {
  CHECK_THAT(undo_.empty());
  free_.clear();
  leaves_.clear();
  partitions_.clear();
  if (!state_->config) return;
  for (const Node& node : state_->nodes) free_.push_back(free_of(node));
  leaves_ = leaves_by_name(*state_);
  for (const Partition& partition : state_->config->partitions) {
    std::vector<bool>& members = partitions_.emplace_back(state_->nodes.size(), false);
    for (const NodeId node : partition.nodes) members[node.value] = true;
  }
}

void Machine::refresh(NodeId node) {
  CHECK_THAT(undo_.empty());
  free_[node.value] = free_of(state_->node(node));
}

void Machine::book(const NodeShare& share) {
  NodeFree& free = free_[share.node.value];
  CHECK_THAT(free.cores.includes(share.cores) && free.gpus.includes(share.gpus));
  undo_.push_back({share.node, free});
  free.cores -= share.cores;
  free.gpus -= share.gpus;
  free.memory_mib -= share.memory_mib;
  free.core_count -= static_cast<std::uint32_t>(share.cores.count());
  free.gpu_count -= static_cast<std::uint32_t>(share.gpus.count());
  ++free.jobs;
}

void Machine::give_back(const NodeShare& share) {
  NodeFree& free = free_[share.node.value];
  undo_.push_back({share.node, free});
  // A node that came back with less than it had does not get back what it has lost.
  const NodeShape& shape = state_->shape_of(share.node);
  free.cores |= share.cores & CoreSet::first(shape.cores.size());
  free.gpus |= share.gpus & GpuSet::first(shape.gpus.size());
  free.memory_mib += share.memory_mib;
  free.core_count = static_cast<std::uint32_t>(free.cores.count());
  free.gpu_count = static_cast<std::uint32_t>(free.gpus.count());
  if (free.jobs > 0) --free.jobs;
}

void Machine::roll_back(std::size_t mark) {
  while (undo_.size() > mark) {
    free_[undo_.back().node.value] = undo_.back().before;
    undo_.pop_back();
  }
}

}  // namespace usine
