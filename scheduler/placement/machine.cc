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

std::uint16_t gpus_for_work(const NodeFree& free) {
  return free.takes_work ? static_cast<std::uint16_t>(free.gpu_count) : std::uint16_t{0};
}

}  // namespace

Machine::Machine(const State& state) : state_(&state) { rebuild(); }

void Machine::rebuild() {
  CHECK_THAT(undo_.empty());
  free_.clear();
  held_.clear();
  held_gpus_.clear();
  held_with_gpus_.fill(0);
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
  held_place_.assign(state_->nodes.size(), kNotHeld);
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
  return {free.takes_work && !is_held(node), free.jobs == 0,
          static_cast<std::uint16_t>(free.gpu_count), static_cast<std::uint16_t>(free.core_count)};
}

// What is held counts apart from Room; a difference of -1 wraps around, as unsigned numbers do.
void Machine::count_held(NodeId node, std::uint32_t difference) {
  const NodeFree& free = free_[node.value];
  if (!is_held(node) || !free.takes_work) return;
  for (std::size_t gpus = 0; gpus <= free.gpu_count; ++gpus) held_with_gpus_[gpus] += difference;
}

void Machine::set(NodeId node, const NodeFree& free) {
  const NodeRoom before = room_of(node);
  count_held(node, ~std::uint32_t{0});
  free_[node.value] = free;
  count_held(node, 1);
  if (is_held(node)) held_gpus_[held_place_[node.value]] = gpus_for_work(free);
  room_.change(pools_.of_node[node.value], tree_.place_of(node), before, room_of(node));
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

void Machine::set_held(NodeId node, bool held) {
  std::uint32_t& place = held_place_[node.value];
  if (held == (place != kNotHeld)) return;
  const NodeRoom before = room_of(node);
  count_held(node, ~std::uint32_t{0});
  if (held) {
    place = static_cast<std::uint32_t>(held_.size());
    held_.push_back(node);
    held_gpus_.push_back(gpus_for_work(free_[node.value]));
  } else {
    held_[place] = held_.back();
    held_place_[held_.back().value] = place;
    held_.pop_back();
    held_gpus_[place] = held_gpus_.back();
    held_gpus_.pop_back();
    place = kNotHeld;
  }
  count_held(node, 1);
  room_.change(pools_.of_node[node.value], tree_.place_of(node), before, room_of(node));
}

}  // namespace usine
