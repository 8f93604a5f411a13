#include "sim/place_watch.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace usine::sim {
namespace {

using Nodes = std::vector<NodeId>;

// Looks at one component of one attempt.
class Look {
 public:
  Look(const State& state, const Component& component, Nodes nodes)
      : config_(*state.config), asked_(component), nodes_(std::move(nodes)) {}

  std::vector<std::string> faults() {
    expect(nodes_.size() == asked_.nodes, "a part of its gang");
    for (const NodeId node : nodes_) {
      const std::string& name = config_.nodes[node.value].name;
      expect(std::ranges::find(asked_.excluded_nodes, name) == asked_.excluded_nodes.end(),
             "the excluded node " + name);
    }
    for (const std::string& name : asked_.only_nodes) expect(has(name), "nodes without " + name);
    check_features();
    expect(domains(DomainKind::kSite).size() <= 1, "several sites");
    if (asked_.topology.required) {
      const std::set<DomainId> all = domains(*asked_.topology.required);
      expect(all.size() == 1, "more than one " + std::string(to_string(*asked_.topology.required)));
    }
    check_segments();
    if (!asked_.topology.shape.empty()) expect(is_cuboid(), "no cuboid of its shape");
    return std::move(faults_);
  }

 private:
  void expect(bool holds, const std::string& otherwise) {
    if (!holds) faults_.push_back("runs on " + otherwise);
  }

  [[nodiscard]] bool has(const std::string& name) const {
    return std::ranges::any_of(nodes_,
                               [&](NodeId node) { return config_.nodes[node.value].name == name; });
  }

  // Counts are held one by one, which finds whatever is wrong where kinds of nodes do not overlap.
  void check_features() {
    const auto ways = ways_to_fit(asked_.constraint, asked_.nodes);
    const bool fits = std::ranges::any_of(ways, [this](const FeatureParts& parts) {
      return std::ranges::all_of(parts, [this](const FeatureCount& part) {
        const auto found = std::ranges::count_if(nodes_, [&](NodeId node) {
          return part.what.fits(config_.nodes[node.value].features);
        });
        return static_cast<std::uint64_t>(found) >= part.nodes;
      });
    });
    expect(fits, "nodes without its features " + to_string(asked_.constraint));
  }

  [[nodiscard]] std::set<DomainId> domains(DomainKind level) const {
    const auto at = config_.fabric.domains_at(level);
    std::set<DomainId> found;
    for (const NodeId node : nodes_) {
      const auto domain = at[config_.nodes[node.value].leaf.value];
      if (domain) found.insert(*domain);
    }
    return found;
  }

  void check_segments() {
    const TopologyRequest& topology = asked_.topology;
    if (topology.segment == 0) return;
    const DomainKind level = segment_level_on(topology, config_.fabric);
    const auto at = config_.fabric.domains_at(level);
    std::map<std::optional<DomainId>, std::uint32_t> counts;
    for (const NodeId node : nodes_) ++counts[at[config_.nodes[node.value].leaf.value]];
    for (const auto& [domain, count] : counts) {
      expect(count % topology.segment == 0, "a part of a segment in one domain");
      const bool spread = topology.segment_order == SegmentOrder::kSpread;
      expect(!spread || count == topology.segment, "two segments in one domain");
    }
  }

  // Whether its blocks are those of one cuboid of the shape, found by trying every corner.
  [[nodiscard]] bool is_cuboid() const {
    std::set<DomainId> blocks;
    for (const NodeId node : nodes_) blocks.insert(config_.nodes[node.value].leaf);
    const std::vector<Domain>& domains = config_.fabric.domains;
    const DomainId torus = domains[blocks.begin()->value].parent;
    std::vector<DomainId> positions;
    for (std::uint32_t i = 1; i < domains.size(); ++i) {
      if (domains[i].parent == torus) positions.push_back(DomainId{i});
    }
    const auto [x, y, z] = domains[torus.value].dimensions;
    for (const TorusSize& shape : shapes_of(asked_.topology)) {
      for (std::uint32_t corner = 0; corner < positions.size(); ++corner) {
        std::set<DomainId> cuboid;
        for (std::uint32_t i = 0; i < shape.volume(); ++i) {
          const std::uint32_t a = (corner / (y * z) + i / (shape.y * shape.z)) % x;
          const std::uint32_t b = (corner / z % y + i / shape.z % shape.y) % y;
          const std::uint32_t c = (corner % z + i % shape.z) % z;
          cuboid.insert(positions[(a * y + b) * z + c]);
        }
        if (cuboid == blocks) return true;
      }
    }
    return false;
  }

  const ClusterConfig& config_;
  const Component& asked_;
  Nodes nodes_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> misplaced(const State& state) {
  std::vector<std::string> found;
  for (const auto& [id, job] : state.jobs) {
    if (!job.attempt) continue;
    const auto& components = job.request->components;
    std::vector<Nodes> nodes(components.size());
    for (const NodeShare& share : job.attempt->allocation.nodes) {
      nodes[share.component].push_back(share.node);
    }
    for (std::size_t i = 0; i < components.size(); ++i) {
      for (const std::string& fault : Look(state, components[i], nodes[i]).faults()) {
        found.push_back("job " + std::to_string(id.value) + ' ' + fault);
      }
    }
  }
  return found;
}

}  // namespace usine::sim
