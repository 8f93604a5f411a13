#include "scheduler/policy/grown_nodes.h"

#include <algorithm>
#include <utility>

namespace usine {

GrownNodes::GrownNodes(const Machine& machine, const Timeline& timeline, std::vector<NodeId> nodes)
    : machine_(machine),
      timeline_(timeline),
      nodes_(std::move(nodes)),
      grown_(machine.pools().of_node.size(), false) {
  std::ranges::sort(nodes_);
  const auto [first, last] = std::ranges::unique(nodes_);
  nodes_.erase(first, last);
  for (const NodeId node : nodes_) grown_[node.value] = true;
}

void GrownNodes::add(NodeId node) {
  if (grown_[node.value]) return;
  grown_[node.value] = true;
  nodes_.push_back(node);
}

void GrownNodes::drop_full() {
  if (bookings_ == machine_.mark()) return;
  bookings_ = machine_.mark();
  std::erase_if(open_, [this](NodeId node) {
    const NodeFree& free = machine_.free(node);
    return free.gpu_count == 0 && free.core_count == 0;
  });
}

GrownNodes::Most GrownNodes::most() const {
  Most most;
  for (const NodeId node : nodes_) {
    most.gpus = std::max(most.gpus, machine_.free(node).gpu_count);
    most.cores = std::max(most.cores, machine_.free(node).core_count);
  }
  return most;
}

bool GrownNodes::holds(NodeId node, const ComponentDemand& component) const {
  const std::uint32_t pool = machine_.pools().of_node[node.value];
  const auto in_pool = [&](const std::vector<PartDemand>& way) {
    return std::ranges::any_of(way,
                               [&](const PartDemand& part) { return bool{part.pool_fits[pool]}; });
  };
  return std::ranges::any_of(component.ways, in_pool) &&
         share_fits(machine_.free(node), machine_.table(node), *component.asked);
}

bool GrownNodes::any_holds(const Demand& demand) const {
  return std::ranges::any_of(demand.components, [&](const ComponentDemand& component) {
    return std::ranges::any_of(nodes_, [&](NodeId node) { return holds(node, component); });
  });
}

void GrownNodes::settle(Time now) {
  open_.clear();
  longest_held_.clear();
  for (const NodeId node : nodes_) {
    if (!machine_.is_held(node)) {
      open_.push_back(node);
      continue;
    }
    const NodeFree& free = machine_.free(node);
    if (!free.takes_work) continue;
    if (longest_held_.size() <= free.gpu_count) longest_held_.resize(free.gpu_count + 1);
    for (std::uint32_t gpus = 0; gpus <= free.gpu_count; ++gpus) {
      const Millis longest = timeline_.longest(node, amount_of(free), {0, gpus, 0}, now);
      longest_held_[gpus] = std::max(longest_held_[gpus], longest);
    }
  }
}

bool GrownNodes::any_open(const Demand& demand) {
  drop_full();
  return std::ranges::any_of(demand.components, [&](const ComponentDemand& component) {
    return std::ranges::any_of(open_, [&](NodeId node) { return holds(node, component); });
  });
}

Millis GrownNodes::longest_held(const Demand& demand) const {
  Millis longest{0};
  for (const ComponentDemand& component : demand.components) {
    const std::size_t gpus = component.asked->per_node.gpus;
    if (gpus < longest_held_.size()) longest = std::max(longest, longest_held_[gpus]);
  }
  return longest;
}

bool GrownNodes::any_before(const Demand& demand, Time at) const {
  return std::ranges::any_of(demand.components, [&](const ComponentDemand& component) {
    const std::span<const Time> ready = timeline_.ready(component.asked->per_node.gpus);
    return std::ranges::any_of(nodes_, [&](NodeId node) { return ready[node.value] < at; });
  });
}

}  // namespace usine
