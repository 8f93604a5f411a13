#include "scheduler/placement/domain_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace usine {
namespace {

// The tree by the configuration's own numbers, before places are given.
struct Sketch {
  std::vector<std::vector<DomainId>> children;  // by name
  std::vector<std::vector<NodeId>> nodes;       // by name
  std::vector<std::uint32_t> height;
  std::vector<DomainId> from_left;  // depth first, parents before children
};

Sketch sketch(const ClusterConfig& config) {
  const std::vector<Domain>& domains = config.fabric.domains;
  Sketch made;
  made.children.resize(domains.size());
  made.nodes.resize(domains.size());
  made.height.resize(domains.size(), 0);
  // Parents come before their children in the list, so one way back settles every height.
  for (auto i = static_cast<std::uint32_t>(domains.size()); i-- > 1;) {
    const std::uint32_t parent = domains[i].parent.value;
    made.children[parent].push_back({i});
    made.height[parent] = std::max(made.height[parent], made.height[i] + 1);
  }
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    made.nodes[config.nodes[i].leaf.value].push_back(NodeId{i});
  }
  for (std::size_t i = 0; i < domains.size(); ++i) {
    std::ranges::sort(made.children[i], {}, [&](DomainId id) {
      const bool by_position = domains[i].wiring == Wiring::kTorus;
      return std::pair(by_position ? id : DomainId{}, std::string_view(domains[id.value].name));
    });
  }
  for (std::vector<NodeId>& nodes : made.nodes) {
    std::ranges::sort(nodes, {}, [&](NodeId id) { return config.nodes[id.value].name; });
  }
  std::vector<DomainId> open{DomainId{0}};
  while (!open.empty()) {
    const DomainId next = open.back();
    open.pop_back();
    made.from_left.push_back(next);
    const auto& children = made.children[next.value];
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return made;
}

}  // namespace

DomainTree::DomainTree(const ClusterConfig& config) {
  const Sketch tree = sketch(config);
  std::vector<DomainId> order = tree.from_left;
  std::ranges::stable_sort(order, {}, [&](DomainId id) { return tree.height[id.value]; });
  std::vector<DomainPlace> place_of_domain(order.size());
  for (DomainPlace i = 0; i < order.size(); ++i) place_of_domain[order[i].value] = i;
  place_of_node_.resize(config.nodes.size());
  rank_of_node_.resize(config.nodes.size());
  for (const DomainId id : order) {
    const Domain& domain = config.fabric.domains[id.value];
    Place place{id,
                domain.kind,
                domain.wiring,
                domain.dimensions,
                place_of_domain[domain.parent.value],
                tree.height[id.value]};
    place.spans_sites = domain.kind == DomainKind::kCluster;
    place.first_child = static_cast<std::uint32_t>(children_.size());
    place.child_count = static_cast<std::uint32_t>(tree.children[id.value].size());
    for (const DomainId child : tree.children[id.value]) {
      children_.push_back(place_of_domain[child.value]);
    }
    place.first_node = static_cast<std::uint32_t>(nodes_.size());
    place.node_count = static_cast<std::uint32_t>(tree.nodes[id.value].size());
    for (const NodeId node : tree.nodes[id.value]) {
      place_of_node_[node.value] = static_cast<DomainPlace>(places_.size());
      nodes_.push_back(node);
    }
    while (height_begin_.size() <= place.height) {
      height_begin_.push_back(static_cast<DomainPlace>(places_.size()));
    }
    places_.push_back(place);
  }
  height_begin_.push_back(static_cast<DomainPlace>(places_.size()));
  std::uint32_t rank = 0;
  for (const DomainId id : tree.from_left) {
    for (const NodeId node : tree.nodes[id.value]) rank_of_node_[node.value] = rank++;
  }
}

}  // namespace usine
