#include "tools/fabric_sums.h"

#include <algorithm>
#include <map>

namespace usine::tools {
namespace {

std::vector<DomainSum> sum_domains(const ClusterConfig& config,
                                   const std::optional<std::set<std::string>>& idle) {
  const std::vector<Domain>& domains = config.fabric.domains;
  std::vector<DomainSum> sums(domains.size());
  for (const ConfiguredNode& node : config.nodes) {
    DomainSum& sum = sums[node.leaf.value];
    const std::size_t gpus = config.classes[node.node_class].shape.gpus.size();
    const bool is_idle = !idle || idle->contains(node.name);
    ++sum.nodes;
    sum.gpus += gpus;
    sum.idle_nodes += is_idle ? 1 : 0;
    sum.idle_gpus += is_idle ? gpus : 0;
  }
  // Children stand behind their parents.
  for (std::size_t i = domains.size(); i-- > 1;) {
    DomainSum& parent = sums[domains[i].parent.value];
    parent.nodes += sums[i].nodes;
    parent.gpus += sums[i].gpus;
    parent.idle_nodes += sums[i].idle_nodes;
    parent.idle_gpus += sums[i].idle_gpus;
  }
  for (std::uint32_t i = 1; i < domains.size(); ++i) {
    sums[domains[i].parent.value].children.push_back(i);
  }
  return sums;
}

std::vector<LevelSum> sum_levels(const Fabric& fabric, const std::vector<DomainSum>& sums) {
  std::vector<LevelSum> levels;
  for (const DomainKind kind : kDomainKinds) {
    LevelSum level{kind};
    for (std::uint32_t i = 0; i < sums.size(); ++i) {
      if (fabric.domains[i].kind != kind) continue;
      if (level.domains == 0 || sums[i].idle_nodes > sums[level.roomiest].idle_nodes) {
        level.roomiest = i;
      }
      level.largest_nodes = std::max(level.largest_nodes, sums[i].nodes);
      ++level.domains;
    }
    if (level.domains > 0) levels.push_back(level);
  }
  return levels;
}

std::uint64_t gpus_of_commonest(const ClusterConfig& config) {
  std::map<std::uint32_t, std::size_t> nodes;
  for (const ConfiguredNode& node : config.nodes) ++nodes[node.node_class];
  const auto commonest =
      std::ranges::max_element(nodes, {}, [](const auto& one) { return one.second; });
  return commonest == nodes.end() ? 0 : config.classes[commonest->first].shape.gpus.size();
}

GangFit fit(const Fabric& fabric, const FabricSums& sums, std::uint32_t nodes) {
  GangFit gang{nodes};
  for (auto level = sums.levels.rbegin(); level != sums.levels.rend(); ++level) {
    // No job leaves its site.
    if (level->level == DomainKind::kCluster && sums.levels.size() > 1) break;
    std::uint32_t holding = 0;
    for (std::size_t i = 0; i < sums.domains.size(); ++i) {
      const bool holds = sums.domains[i].idle_nodes >= nodes;
      holding += fabric.domains[i].kind == level->level && holds ? 1 : 0;
    }
    if (holding == 0) continue;
    gang.level = level->level;
    gang.holding = holding;
    gang.domains = level->domains;
    break;
  }
  return gang;
}

}  // namespace

std::string plural_of(DomainKind kind) {
  return kind == DomainKind::kLeaf ? "leaves" : std::string(to_string(kind)) + 's';
}

FabricSums sum_up(const ClusterConfig& config, const std::optional<std::set<std::string>>& idle) {
  FabricSums sums;
  sums.domains = sum_domains(config, idle);
  sums.levels = sum_levels(config.fabric, sums.domains);
  std::set<std::uint32_t> sizes;
  for (const LevelSum& level : sums.levels) sizes.insert(level.largest_nodes);
  for (std::uint32_t nodes = 1; nodes <= config.nodes.size(); nodes *= 2) sizes.insert(nodes);
  const std::uint64_t gpus = gpus_of_commonest(config);
  for (const std::uint32_t nodes : sizes) {
    if (nodes == 0) continue;
    sums.gangs.push_back(fit(config.fabric, sums, nodes));
    sums.gangs.back().gpus = nodes * gpus;
  }
  return sums;
}

}  // namespace usine::tools
