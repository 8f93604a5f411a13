#include "scheduler/core/feasibility.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/core/feasible_places.h"

namespace usine {
namespace {

// The most that any node of the partition has of each resource, for the message.
struct Largest {
  std::size_t cores = 0;
  std::size_t gpus = 0;
  std::int64_t memory_mib = 0;
};

struct Fit {
  std::vector<NodeId> nodes;
  Largest largest;
};

// Whether any nodes that could hold its share are as good as any others.
bool takes_any(const ClusterConfig& config, const Component& component) {
  return component.constraint.empty() && component.topology.empty() &&
         component.excluded_nodes.empty() &&
         config.fabric.domains.front().kind != DomainKind::kCluster;
}

// All nodes that could hold the share, or as many as are enough where any will do.
Fit find_fitting(const State& state, PartitionId partition, const Component& component) {
  const ClusterConfig& config = *state.config;
  const bool any_will_do = takes_any(config, component);
  std::vector<bool> class_fits;
  for (const NodeClass& one : config.classes) {
    class_fits.push_back(could_hold(one.shape, component));
  }
  const std::set<std::string_view> excluded(component.excluded_nodes.begin(),
                                            component.excluded_nodes.end());
  Fit fit;
  std::vector<bool> class_seen(config.classes.size(), false);
  for (const NodeId id : config.partitions[partition.value].nodes) {
    const ConfiguredNode& node = config.nodes[id.value];
    if (!class_seen[node.node_class]) {
      class_seen[node.node_class] = true;
      const NodeShape& shape = config.classes[node.node_class].shape;
      fit.largest.cores = std::max(fit.largest.cores, shape.cores.size());
      const std::size_t gpus = gpus_of_type(shape, component.per_node).count();
      fit.largest.gpus = std::max(fit.largest.gpus, gpus);
      fit.largest.memory_mib = std::max(fit.largest.memory_mib, shape.memory_mib());
    }
    if (!class_fits[node.node_class]) continue;
    if (!excluded.contains(node.name)) fit.nodes.push_back(id);
    if (any_will_do && fit.nodes.size() == component.nodes) break;
  }
  return fit;
}

Status check_names(const State& state, PartitionId partition, const Component& component) {
  const Partition& where = state.config->partitions[partition.value];
  const auto known = [&](const std::string& name) { return state.node_by_name.contains(name); };
  for (const std::string& name : component.only_nodes) {
    if (!known(name)) {
      return fail(ErrorCode::kNotFound, "--nodelist names node '" + name +
                                            "', which this cluster does not have; "
                                            "`usine node list` shows its nodes");
    }
    const NodeId id = state.node_by_name.at(name);
    if (!std::ranges::binary_search(where.nodes, id)) {
      return fail(ErrorCode::kRefused, "--nodelist names node '" + name +
                                           "', which is not in partition '" + where.name + "'");
    }
    const NodeClass& node_class = state.config->classes[state.config->nodes[id.value].node_class];
    if (!could_hold(node_class.shape, component)) {
      return fail(ErrorCode::kRefused, "--nodelist names node '" + name +
                                           "', which has less than the job asks for a node");
    }
  }
  for (const std::string& name : component.excluded_nodes) {
    if (!known(name)) {
      return fail(ErrorCode::kNotFound,
                  "--exclude names node '" + name + "', which this cluster does not have");
    }
  }
  return {};
}

std::string exceeded(std::string_view what, std::string asked, std::string largest,
                     const std::string& partition) {
  std::string text = "the job asks for " + std::move(asked) + " " + std::string(what) +
                     " a node; the largest node of partition '" + partition + "' has " +
                     std::move(largest);
  return text;
}

Status check_component(const State& state, PartitionId partition, const Component& component) {
  if (auto named = check_names(state, partition, component); !named) return named;
  if (auto known = check_features_known(*state.config, component); !known) return known;
  const Fit fit = find_fitting(state, partition, component);
  const FittingNodes fitting{*state.config, state.config->partitions[partition.value], fit.nodes};
  if (fit.nodes.size() >= component.nodes) return check_places(fitting, component);
  const std::string& name = state.config->partitions[partition.value].name;
  const NodeDemand& demand = component.per_node;
  if (demand.gpus > fit.largest.gpus) {
    const std::string what = demand.gpu_type.empty() ? "GPUs" : demand.gpu_type + " GPUs";
    return fail(ErrorCode::kRefused, exceeded(what, std::to_string(demand.gpus),
                                              std::to_string(fit.largest.gpus), name));
  }
  if (demand.cores > fit.largest.cores) {
    return fail(ErrorCode::kRefused, exceeded("cores", std::to_string(demand.cores),
                                              std::to_string(fit.largest.cores), name));
  }
  if (demand.memory_mib > fit.largest.memory_mib) {
    return fail(ErrorCode::kRefused, exceeded("MiB of memory", std::to_string(demand.memory_mib),
                                              std::to_string(fit.largest.memory_mib), name));
  }
  return fail(ErrorCode::kRefused, "the job asks for " + std::to_string(component.nodes) +
                                       " nodes; partition '" + name + "' has " +
                                       std::to_string(fit.nodes.size()) +
                                       " that could ever hold its share of one");
}

}  // namespace

bool could_hold(const NodeShape& shape, const Component& component) {
  const NodeDemand& demand = component.per_node;
  return demand.cores <= shape.cores.size() && demand.gpus <= gpus_of_type(shape, demand).count() &&
         demand.memory_mib <= shape.memory_mib();
}

GpuSet gpus_of_type(const NodeShape& shape, const NodeDemand& demand) {
  GpuSet gpus = shape.present_gpus();
  if (demand.gpu_type.empty()) return gpus;
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    if (!fits_gpu_type(shape.gpus[i].model, demand.gpu_type)) gpus.erase(i);
  }
  return gpus;
}

std::int64_t memory_of_share(const NodeShape& shape, const NodeDemand& demand) {
  if (demand.memory_mib > 0) return demand.memory_mib;
  if (demand.memory_mib == NodeDemand::kAllMemory) return shape.memory_mib();
  const auto cores = static_cast<std::int64_t>(shape.cores.size());
  return cores == 0 ? 0 : shape.memory_mib() * demand.cores / cores;
}

Status check_feasible(const State& state, PartitionId partition, const JobRequest& request) {
  const Partition& where = state.config->partitions[partition.value];
  if (request.time_limit > where.time_limit_max) {
    return fail(ErrorCode::kRefused, "the time limit " + format_duration(request.time_limit) +
                                         " is above the " + format_duration(where.time_limit_max) +
                                         " that partition '" + where.name +
                                         "' allows; lower --time");
  }
  for (const Component& component : request.components) {
    if (auto fits = check_component(state, partition, component); !fits) return fits;
  }
  return {};
}

}  // namespace usine
