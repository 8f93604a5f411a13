#include "sim/place_wishes.h"

#include "scheduler/core/feasible_places.h"

namespace usine::sim {
namespace {

TopologyRequest any_topology(Chance& chance, std::uint32_t nodes) {
  TopologyRequest topology;
  switch (chance.below(4)) {
    case 0: topology.required = DomainKind::kLeaf; break;
    case 1: topology.preferred = DomainKind::kLeaf; break;
    case 2:
      topology.switches_max = 1 + static_cast<std::uint32_t>(chance.below(2));
      topology.switches_wait = Seconds(60);
      break;
    default:
      topology.segment = 1 + static_cast<std::uint32_t>(chance.below(nodes));
      topology.segment_order = static_cast<SegmentOrder>(chance.below(3));
  }
  return topology;
}

// Some blocks in a row of the torus that is all of the fabric.
void ask_for_shape(Chance& chance, const ClusterConfig& config, Component& component) {
  const std::uint32_t blocks = config.fabric.domains.front().dimensions.volume();
  const auto asked = 1 + static_cast<std::uint32_t>(chance.below(blocks));
  component.topology = {.shape = {asked, 1, 1}};
  component.nodes = asked * static_cast<std::uint32_t>(config.nodes.size()) / blocks;
  component.tasks = component.nodes;
}

// A feature that some node has; none where there is no feature.
Constraint any_constraint(Chance& chance, const ClusterConfig& config) {
  const auto& features = config.nodes[chance.below(config.nodes.size())].features;
  if (features.empty()) return {};
  return {{{{features.front()}}}, {}, {}};
}

}  // namespace

void wish_for_place(Chance& chance, const ClusterConfig& config, Component& component) {
  const Component before = component;
  const bool is_torus = config.fabric.domains.front().wiring == Wiring::kTorus;
  if (is_torus && chance.one_in(2)) {
    ask_for_shape(chance, config, component);
  } else {
    component.topology = any_topology(chance, component.nodes);
  }
  if (chance.one_in(3)) component.constraint = any_constraint(chance, config);
  const std::uint32_t segment = component.topology.segment;
  const Partition& partition = config.partitions.front();
  const bool even = segment == 0 || component.nodes % segment == 0;
  if (!even || !check_places({config, partition, partition.nodes}, component)) component = before;
}

}  // namespace usine::sim
