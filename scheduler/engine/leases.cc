#include "scheduler/engine/leases.h"

#include <algorithm>

namespace usine {

void Leases::start(const State& state, Time now) {
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    if (state.nodes[i].link != NodeLink::kDown) heard(NodeId{i}, now);
  }
}

void Leases::heard(NodeId node, Time now) {
  drop(node);
  if (node.value >= until_.size()) until_.resize(node.value + 1);
  until_[node.value] = now + lease_;
  by_time_.emplace(now + lease_, node);
}

void Leases::drop(NodeId node) {
  if (node.value >= until_.size() || !until_[node.value]) return;
  by_time_.erase({*until_[node.value], node});
  until_[node.value].reset();
}

std::vector<NodeId> Leases::expired(Time now) {
  std::vector<NodeId> nodes;
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const NodeId node = by_time_.begin()->second;
    drop(node);
    nodes.push_back(node);
  }
  std::ranges::sort(nodes);
  return nodes;
}

std::optional<Time> Leases::next_expiry() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

}  // namespace usine
