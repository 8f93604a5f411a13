#include "scheduler/policy/variations.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace usine {
namespace {

constexpr Seconds kShortestLimit{300};
constexpr int kLimitsTried = 4;  // each half of the one before
constexpr std::size_t kPartitionsTried = 4;

std::shared_ptr<JobRequest> copy_of(const JobRequest& request) {
  auto copy = std::make_shared<JobRequest>(request);
  copy->idempotency_key.clear();
  copy->dependencies = {};  // they are met, or nothing would be tried
  copy->begin.reset();
  copy->hold = false;
  return copy;
}

void add_limits(const Job& job, std::vector<Variation>& variations) {
  Seconds limit = job.limit();
  for (int i = 0; i < kLimitsTried; ++i) {
    limit /= 2;
    if (limit < kShortestLimit) return;
    variations.push_back(
        {VariationGroup::kLimit, "--time=" + format_duration(limit), limit, nullptr});
  }
}

// The component on fewer nodes, each with the same share; none where that is not the same job.
std::optional<Component> on_fewer(const Component& component, std::uint32_t nodes) {
  if (component.topology.segment > 0) nodes -= nodes % component.topology.segment;
  const bool even = component.tasks == component.nodes * component.tasks_per_node;
  if (nodes == 0 || nodes >= component.nodes || !even || !component.only_nodes.empty() ||
      nodes < nodes_of_counts(component.constraint)) {
    return std::nullopt;
  }
  Component fewer = component;
  fewer.nodes = nodes;
  fewer.tasks = nodes * component.tasks_per_node;
  return fewer;
}

void add_fewer_nodes(const Job& job, std::uint32_t free, std::vector<Variation>& variations) {
  if (job.request->components.size() != 1) return;
  const Component& whole = job.request->components.front();
  for (const std::uint32_t nodes :
       {std::max(free, whole.nodes / 2), std::min(free, whole.nodes / 2)}) {
    const auto fewer = on_fewer(whole, nodes);
    if (!fewer) continue;
    auto request = copy_of(*job.request);
    request->components = {*fewer};
    variations.push_back({VariationGroup::kNodes, "--nodes=" + std::to_string(fewer->nodes),
                          std::nullopt, std::move(request)});
  }
}

void add_partitions(const ClusterConfig& config, const Job& job,
                    std::vector<Variation>& variations) {
  const auto& partitions = config.partitions;
  std::size_t tried = 0;
  for (std::uint32_t i = 0; i < partitions.size() && tried < kPartitionsTried; ++i) {
    if (PartitionId{i} == job.partition) continue;
    ++tried;
    auto request = copy_of(*job.request);
    request->partition = partitions[i].name;
    variations.push_back({VariationGroup::kPartition, "--partition=" + partitions[i].name,
                          std::nullopt, std::move(request)});
  }
}

// One wish of one component that `is_there`, taken back by `drop`.
struct Wish {
  std::string_view option;
  bool (*is_there)(const Component&);
  void (*drop)(Component&);
};

constexpr std::array kWishes = {
    Wish{"without a required --topology level",
         [](const Component& part) { return part.topology.required.has_value(); },
         [](Component& part) {
           part.topology.preferred = std::exchange(part.topology.required, std::nullopt);
         }},
    Wish{"without --segment", [](const Component& part) { return part.topology.segment > 0; },
         [](Component& part) {
           part.topology.segment = 0;
           part.topology.segment_order = SegmentOrder::kFree;
         }},
    Wish{"without the shape of --topology=torus",
         [](const Component& part) { return !part.topology.shape.empty(); },
         [](Component& part) { part.topology.shape = {}; }},
    Wish{"without --switches", [](const Component& part) { return part.topology.switches_max > 0; },
         [](Component& part) { part.topology.switches_max = 0; }},
    Wish{"without --constraint", [](const Component& part) { return !part.constraint.empty(); },
         [](Component& part) { part.constraint = {}; }},
    Wish{"without --nodelist", [](const Component& part) { return !part.only_nodes.empty(); },
         [](Component& part) { part.only_nodes.clear(); }},
    Wish{"without --exclude", [](const Component& part) { return !part.excluded_nodes.empty(); },
         [](Component& part) { part.excluded_nodes.clear(); }},
    Wish{"without --exclusive", [](const Component& part) { return part.exclusive; },
         [](Component& part) { part.exclusive = false; }},
    Wish{"without a GPU type",
         [](const Component& part) { return !part.per_node.gpu_type.empty(); },
         [](Component& part) { part.per_node.gpu_type.clear(); }},
};

void add_wishes(const Job& job, std::vector<Variation>& variations) {
  for (const Wish& wish : kWishes) {
    if (std::ranges::none_of(job.request->components, wish.is_there)) continue;
    auto request = copy_of(*job.request);
    for (Component& component : request->components) {
      if (wish.is_there(component)) wish.drop(component);
    }
    variations.push_back(
        {VariationGroup::kPlace, std::string(wish.option), std::nullopt, std::move(request)});
  }
}

}  // namespace

std::vector<Variation> variations_of(const ClusterConfig& config, const Job& job,
                                     std::uint32_t free_nodes) {
  std::vector<Variation> variations;
  add_limits(job, variations);
  add_fewer_nodes(job, free_nodes, variations);
  add_partitions(config, job, variations);
  add_wishes(job, variations);
  return variations;
}

}  // namespace usine
