#include "scheduler/core/feasible_places.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "scheduler/core/torus_blocks.h"

namespace usine {
namespace {

constexpr std::size_t kNamesShownMax = 20;
// Kinds of nodes of one constraint that are held against each other exactly.
constexpr std::size_t kPartsExactMax = 12;

std::string join(const auto& names) {
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (shown++ == kNamesShownMax) return text + ", ...";
    text += text.empty() ? name : ", " + name;
  }
  return text;
}

// Whether disjoint sets of nodes, each of as many as a part needs, can be chosen among nodes that
// are counted by the parts they fit (bit i: part i). Hall's condition: any parts together find as
// many nodes that fit one of them as they need.
bool parts_fit(const FeatureParts& parts, const std::map<std::uint32_t, std::uint64_t>& counts) {
  for (std::uint32_t some = 1; some < 1u << parts.size(); ++some) {
    std::uint64_t needed = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if ((some >> i & 1) != 0) needed += parts[i].nodes;
    }
    std::uint64_t found = 0;
    for (const auto& [fits, nodes] : counts) {
      if ((fits & some) != 0) found += nodes;
    }
    if (found < needed) return false;
  }
  return true;
}

bool holds_one_way(const ClusterConfig& config, const std::vector<NodeId>& nodes,
                   const FeatureParts& parts) {
  const std::size_t exact = std::min(parts.size(), kPartsExactMax);
  std::map<std::uint32_t, std::uint64_t> counts;
  for (const NodeId node : nodes) {
    std::uint32_t fits = 0;
    for (std::size_t i = 0; i < exact; ++i) {
      if (parts[i].what.fits(config.nodes[node.value].features)) fits |= 1u << i;
    }
    ++counts[fits];
  }
  return parts_fit({parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(exact)}, counts);
}

bool holds_features(const ClusterConfig& config, const std::vector<NodeId>& nodes,
                    const Component& component) {
  if (nodes.size() < component.nodes) return false;
  if (component.constraint.empty()) return true;
  return std::ranges::any_of(
      ways_to_fit(component.constraint, component.nodes),
      [&](const FeatureParts& parts) { return holds_one_way(config, nodes, parts); });
}

std::map<DomainId, std::vector<NodeId>> group_by(const FittingNodes& fitting, DomainKind level) {
  const auto at = fitting.config.fabric.domains_at(level);
  std::map<DomainId, std::vector<NodeId>> groups;
  for (const NodeId node : fitting.nodes) {
    const auto domain = at[fitting.config.nodes[node.value].leaf.value];
    if (domain) groups[*domain].push_back(node);
  }
  return groups;
}

std::string levels_of(const Fabric& fabric) {
  std::set<std::string> words;
  for (const Domain& domain : fabric.domains) words.emplace(to_string(domain.kind));
  return join(words);
}

Status check_level_exists(const Fabric& fabric, DomainKind level) {
  const bool exists = std::ranges::any_of(
      fabric.domains, [level](const Domain& domain) { return domain.kind == level; });
  if (exists) return {};
  return fail(ErrorCode::kRefused, "the fabric has no " + std::string(to_string(level)) +
                                       "; its levels are " + levels_of(fabric));
}

std::string asked_nodes(const Component& component) {
  std::string text = std::to_string(component.nodes) + " nodes";
  if (component.constraint.empty()) return text;
  return text + " with the features " + to_string(component.constraint);
}

// All nodes in one domain of the level.
Status check_one_domain(const FittingNodes& fitting, const Component& component, DomainKind level) {
  const Fabric& fabric = fitting.config.fabric;
  if (auto exists = check_level_exists(fabric, level); !exists) return exists;
  const auto groups = group_by(fitting, level);
  const std::vector<NodeId>* largest = nullptr;
  std::string name;
  for (const auto& [domain, nodes] : groups) {
    if (holds_features(fitting.config, nodes, component)) return {};
    if (largest != nullptr && largest->size() >= nodes.size()) continue;
    largest = &nodes;
    name = fabric.domains[domain.value].name;
  }
  const std::string word(to_string(level));
  const std::string found =
      largest == nullptr ? "none has any"
                         : "the largest, " + name + ", has " + std::to_string(largest->size());
  return fail(ErrorCode::kRefused, "the job asks for " + asked_nodes(component) + " in one " +
                                       word + " of partition '" + fitting.partition.name +
                                       "'; of nodes that could ever hold its share of one " +
                                       found + ": ask for fewer nodes or a higher level");
}

// Nodes that fit a part of this way to satisfy the constraint.
std::vector<NodeId> nodes_for(const FittingNodes& fitting, const FeatureParts& way) {
  std::vector<NodeId> nodes;
  for (const NodeId node : fitting.nodes) {
    const auto& features = fitting.config.nodes[node.value].features;
    const auto fits = [&](const FeatureCount& part) { return part.what.fits(features); };
    if (std::ranges::any_of(way, fits)) nodes.push_back(node);
  }
  return nodes;
}

Status check_segments_of(const FittingNodes& fitting, const Component& component) {
  const TopologyRequest& topology = component.topology;
  const Fabric& fabric = fitting.config.fabric;
  const DomainKind level = segment_level_on(topology, fabric);
  if (auto exists = check_level_exists(fabric, level); !exists) return exists;
  std::size_t fit = 0;
  std::size_t largest = 0;
  for (const auto& [domain, nodes] : group_by(fitting, level)) {
    const std::size_t here = nodes.size() / topology.segment;
    fit += topology.segment_order == SegmentOrder::kSpread ? std::min<std::size_t>(here, 1) : here;
    largest = std::max(largest, nodes.size());
  }
  if (fit >= component.nodes / topology.segment) return {};
  const std::string word(to_string(level));
  const bool spread = topology.segment_order == SegmentOrder::kSpread;
  return fail(ErrorCode::kRefused,
              "the job asks for " + std::to_string(component.nodes / topology.segment) +
                  " segments of " + std::to_string(topology.segment) + " nodes, each in " +
                  (spread ? "a " + word + " of its own" : "one " + word) + "; partition '" +
                  fitting.partition.name + "' could ever hold " + std::to_string(fit) +
                  ", and its largest " + word + " has " + std::to_string(largest) +
                  " such nodes: lower --segment or --nodes");
}

Status shape_mismatch(const Component& component, std::uint32_t nodes_per_block) {
  const TorusSize& shape = component.topology.shape;
  const std::string holds = std::to_string(shape.volume() * nodes_per_block);
  return fail(ErrorCode::kRefused, "the job asks for " + std::to_string(component.nodes) +
                                       (component.nodes == 1 ? " node" : " nodes") +
                                       ", and the shape " + to_string(shape) + " has " + holds +
                                       ": write --nodes=" + holds + " or another shape");
}

// A cuboid of blocks of one torus.
Status check_shape(const FittingNodes& fitting, const Component& component) {
  const TopologyRequest& topology = component.topology;
  const std::string shape = to_string(topology.shape);
  const std::vector<TorusBlocks> tori = tori_of(fitting.config);
  if (tori.empty()) {
    return fail(ErrorCode::kRefused, "the job asks for the shape " + shape +
                                         " of a torus, and the fabric has none: leave it out");
  }
  const FeatureParts way = ways_to_fit(component.constraint, component.nodes).front();
  std::string found;
  Status mismatch;
  for (const TorusBlocks& torus : tori) {
    const std::uint32_t holds = topology.shape.volume() * torus.nodes_per_block();
    if (holds != component.nodes) {
      mismatch = shape_mismatch(component, torus.nodes_per_block());
      continue;
    }
    const std::uint32_t blocks =
        usable_blocks(fitting.config, torus, topology, nodes_for(fitting, way));
    if (blocks == topology.shape.volume()) return {};
    const Domain& domain = fitting.config.fabric.domains[torus.domain.value];
    found += (found.empty() ? "" : ", ") + domain.name + " of " + to_string(domain.dimensions) +
             " has at most " + std::to_string(blocks);
  }
  if (found.empty()) return mismatch;
  return fail(ErrorCode::kRefused, "the job asks for " + std::to_string(topology.shape.volume()) +
                                       " blocks as " + shape + "; of a torus in partition '" +
                                       fitting.partition.name + "' " + found +
                                       " so that could ever hold it: ask for a smaller shape");
}

// In one of the ways to satisfy its constraint.
Status check_segments(const FittingNodes& fitting, const Component& component) {
  Status status;
  for (const FeatureParts& way : ways_to_fit(component.constraint, component.nodes)) {
    const std::vector<NodeId> nodes = nodes_for(fitting, way);
    status = check_segments_of({fitting.config, fitting.partition, nodes}, component);
    if (status) return status;
  }
  return status;
}

// Sites are the upper bound of what one job spans.
Status check_one_site(const FittingNodes& fitting, const Component& component) {
  const Fabric& fabric = fitting.config.fabric;
  if (fabric.domains.front().kind != DomainKind::kCluster) return {};
  const bool has_sites = std::ranges::any_of(
      fabric.domains, [](const Domain& domain) { return domain.kind == DomainKind::kSite; });
  return has_sites ? check_one_domain(fitting, component, DomainKind::kSite) : Status();
}

Status check_features(const FittingNodes& fitting, const Component& component) {
  if (holds_features(fitting.config, fitting.nodes, component)) return {};
  const auto ways = ways_to_fit(component.constraint, component.nodes);
  std::string found;
  for (const FeatureCount& part : ways.front()) {
    const auto fits = [&](NodeId node) {
      return part.what.fits(fitting.config.nodes[node.value].features);
    };
    const std::string what = part.what.empty() ? "any features" : to_string(part.what);
    found += (found.empty() ? "" : ", ") + std::to_string(part.nodes) + " with " + what + " (has " +
             std::to_string(std::ranges::count_if(fitting.nodes, fits)) + ")";
  }
  return fail(ErrorCode::kRefused,
              "--constraint asks partition '" + fitting.partition.name +
                  "' for more nodes than could ever hold the job's share of one: " + found);
}

}  // namespace

Status check_features_known(const ClusterConfig& config, const Component& component) {
  if (component.constraint.empty()) return {};
  for (const std::string& name : features_of(component.constraint)) {
    const auto has_it = [&name](const ConfiguredNode& node) {
      return std::ranges::find(node.features, name) != node.features.end();
    };
    if (std::ranges::any_of(config.nodes, has_it)) continue;
    std::set<std::string> known;
    for (const ConfiguredNode& node : config.nodes) {
      known.insert(node.features.begin(), node.features.end());
    }
    return fail(ErrorCode::kNotFound,
                "--constraint names the feature '" + name + "', which no node has; " +
                    (known.empty() ? "no feature is configured" : "known are " + join(known)));
  }
  return {};
}

Status check_places(const FittingNodes& fitting, const Component& component) {
  const TopologyRequest& topology = component.topology;
  if (auto found = check_features(fitting, component); !found) return found;
  if (auto site = check_one_site(fitting, component); !site) return site;
  if (topology.required) {
    if (auto one = check_one_domain(fitting, component, *topology.required); !one) return one;
  }
  if (!topology.shape.empty()) return check_shape(fitting, component);
  return topology.segment == 0 ? Status() : check_segments(fitting, component);
}

}  // namespace usine
