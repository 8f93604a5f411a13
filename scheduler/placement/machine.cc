#include "scheduler/placement/machine.h"

#include <algorithm>

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

Amount amount_of(const NodeFree& free) {
  return {free.core_count, free.gpu_count, free.memory_mib};
}

std::size_t most_gpus(const ClusterConfig& config) {
  std::size_t most = 0;
  for (const NodeClass& one : config.classes) most = std::max(most, one.shape.gpus.size());
  return most;
}

}  // namespace

Machine::Machine(const State& state) : state_(&state) { rebuild(); }

void Machine::rebuild() {
  CHECK_THAT(undo_.empty());
  free_.clear();
  class_tables_.clear();
  own_tables_.clear();
  if (!state_->config) return;
  const ClusterConfig& config = *state_->config;
  pools_ = make_pools(config);
  tree_ = DomainTree(config);
  room_ = Room(config, pools_, tree_);
  for (const NodeClass& one : config.classes) class_tables_.emplace_back(one.shape);
  own_tables_.resize(state_->nodes.size());
  free_.resize(state_->nodes.size());
  timeline_.reset(state_->nodes.size(), most_gpus(config));
  for (std::uint32_t i = 0; i < free_.size(); ++i) refresh(NodeId{i});
}

void Machine::refresh(NodeId node) {
  CHECK_THAT(undo_.empty());
  find_table(node);
  set(node, free_of(state_->node(node)));
}

void Machine::find_table(NodeId node) {
  const std::shared_ptr<const NodeShape>& reported = state_->node(node).shape;
  std::unique_ptr<OwnTable>& own = own_tables_[node.value];
  if (reported == nullptr) {
    own.reset();
  } else if (!own || own->shape != reported) {
    own = std::make_unique<OwnTable>(reported, ShapeTable(*reported));
  }
}

NodeRoom Machine::room_of(NodeId node) const {
  const NodeFree& free = free_[node.value];
  return {free.takes_work && !is_claimed(node), free.jobs == 0,
          static_cast<std::uint16_t>(free.gpu_count), static_cast<std::uint16_t>(free.core_count)};
}

void Machine::say_room(NodeId node, const NodeRoom& before) {
  room_.change(pools_.of_node[node.value], tree_.place_of(node), before, room_of(node));
}

void Machine::set(NodeId node, const NodeFree& free) {
  const NodeRoom before = room_of(node);
  free_[node.value] = free;
  timeline_.set_free(node, free.takes_work ? std::optional(amount_of(free)) : std::nullopt);
  say_room(node, before);
}

void Machine::book(const NodeShare& share) {
  NodeFree free = free_[share.node.value];
  CHECK_THAT(free.cores.includes(share.cores) && free.gpus.includes(share.gpus));
  undo_.push_back({share.node, free});
  free.cores -= share.cores;
  free.gpus -= share.gpus;
  free.memory_mib -= share.memory_mib;
  free.core_count -= static_cast<std::uint32_t>(share.cores.count());
  free.gpu_count -= static_cast<std::uint32_t>(share.gpus.count());
  ++free.jobs;
  set(share.node, free);
}

void Machine::release(const NodeShare& share) {
  NodeFree free = free_[share.node.value];
  CHECK_THAT(!free.cores.intersects(share.cores) && !free.gpus.intersects(share.gpus));
  undo_.push_back({share.node, free});
  free.cores |= share.cores;
  free.gpus |= share.gpus;
  free.memory_mib += share.memory_mib;
  free.core_count += static_cast<std::uint32_t>(share.cores.count());
  free.gpu_count += static_cast<std::uint32_t>(share.gpus.count());
  --free.jobs;
  set(share.node, free);
}

void Machine::roll_back(std::size_t mark) {
  while (undo_.size() > mark) {
    set(undo_.back().node, undo_.back().before);
    undo_.pop_back();
  }
}

// Only the first claim of a node and the last that goes change what counts as room.
void Machine::add_claim(NodeId node, const Timeline::Claim& claim) {
  if (is_claimed(node)) return timeline_.add_claim(node, claim);
  const NodeRoom before = room_of(node);
  timeline_.add_claim(node, claim);
  say_room(node, before);
}

void Machine::remove_claims(const Party& party, NodeId node) {
  if (!is_claimed(node)) return;
  const NodeRoom before = room_of(node);
  timeline_.remove_claims(party, node);
  if (!is_claimed(node)) say_room(node, before);
}

}  // namespace usine
