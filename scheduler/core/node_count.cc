#include "scheduler/core/node_count.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

std::uint32_t divide_up(std::uint32_t amount, std::uint32_t by) {
  return amount / by + (amount % by == 0 ? 0 : 1);
}

bool may_use(const Component& whole, const ConfiguredNode& node) {
  if (whole.constraint.empty()) return true;
  const auto part_fits = [&node](const FeatureCount& part) {
    return part.what.fits(node.features);
  };
  return std::ranges::any_of(
      ways_to_fit(whole.constraint, whole.nodes),
      [&](const FeatureParts& parts) { return std::ranges::any_of(parts, part_fits); });
}

// By class: how many nodes of the partition are of it and have the features.
std::vector<std::uint32_t> nodes_of_classes(const ClusterConfig& config, PartitionId partition,
                                            const Component& whole) {
  std::vector<std::uint32_t> nodes(config.classes.size(), 0);
  for (const NodeId id : config.partitions[partition.value].nodes) {
    const ConfiguredNode& node = config.nodes[id.value];
    if (may_use(whole, node)) ++nodes[node.node_class];
  }
  return nodes;
}

std::string whole_text(const Component& whole) {
  std::string text = std::to_string(whole.tasks) + (whole.tasks == 1 ? " task" : " tasks");
  if (whole.per_node.gpus > 0) text += ", " + std::to_string(whole.per_node.gpus) + " GPUs";
  return text + " and " + std::to_string(whole.per_node.cores) + " cores";
}

Result<Component> fewest_nodes(const State& state, PartitionId partition, const Component& whole) {
  const ClusterConfig& config = *state.config;
  const std::vector<std::uint32_t> nodes = nodes_of_classes(config, partition, whole);
  const auto most = static_cast<std::uint32_t>(config.partitions[partition.value].nodes.size());
  for (std::uint32_t count = 1; count <= most; ++count) {
    const std::optional<Component> part = divided(whole, count);
    if (!part) continue;
    std::uint32_t fitting = 0;
    for (std::size_t i = 0; i < config.classes.size(); ++i) {
      if (could_hold(config.classes[i].shape, *part)) fitting += nodes[i];
    }
    if (fitting >= count) return *part;
  }
  return fail(ErrorCode::kRefused,
              "no number of nodes of partition '" + config.partitions[partition.value].name +
                  "' holds " + whole_text(whole) +
                  " in all: ask for less, or say --nodes and how much of a node each takes");
}

}  // namespace

std::optional<Component> divided(const Component& whole, std::uint32_t nodes) {
  Component part = whole;
  part.any_nodes = part.cores_divide = part.memory_divides = false;
  part.nodes = nodes;
  if (whole.per_node.gpus % nodes != 0) return std::nullopt;
  part.per_node.gpus = whole.per_node.gpus / nodes;
  // A job that asks for GPUs alone has one task a node, however many nodes that becomes.
  part.tasks = whole.tasks == 1 ? nodes : whole.tasks;
  part.tasks_per_node = divide_up(part.tasks, nodes);
  const bool uneven = part.tasks % nodes != 0;
  if (uneven && whole.per_node.gpus > 0) return std::nullopt;
  if (part.tasks_per_node * (nodes - 1) >= part.tasks) return std::nullopt;  // one would be empty
  if (whole.cores_divide) {
    const std::uint32_t cores = divide_up(whole.per_node.cores, nodes);
    part.cores_per_task = divide_up(cores, part.tasks_per_node);
  }
  part.per_node.cores = part.cores_per_task * part.tasks_per_node;
  if (whole.memory_divides && whole.per_node.memory_mib > 0) {
    part.per_node.memory_mib = (whole.per_node.memory_mib + nodes - 1) / nodes;
  }
  return part;
}

Result<std::shared_ptr<const JobRequest>> settle_nodes(
    const State& state, PartitionId partition, const std::shared_ptr<const JobRequest>& request) {
  const auto open = [](const Component& part) { return part.any_nodes; };
  if (std::ranges::none_of(request->components, open)) return request;
  auto settled = std::make_shared<JobRequest>(*request);
  for (Component& part : settled->components) {
    if (!part.any_nodes) continue;
    Result<Component> divided = fewest_nodes(state, partition, part);
    if (!divided) return fail(divided.error());
    part = *std::move(divided);
  }
  return settled;
}

}  // namespace usine
