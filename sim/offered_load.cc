#include "sim/offered_load.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include "sim/replay.h"

namespace usine::sim {
namespace {

constexpr std::size_t kNodesMax = 200'000;

struct Demand {
  double gpu_s = 0;
  double core_s = 0;
  std::uint32_t nodes_max = 0;  // of one job
};

Demand demand_of(const std::vector<TraceJob>& trace, const NodeShape& shape) {
  Demand demand;
  for (const TraceJob& job : trace) {
    if (!job.run && !job.limit) continue;
    const JobRequest request = request_of(job, shape);
    const Component& component = request.components.front();
    const std::chrono::duration<double> run =
        std::min<Millis>(job.run.value_or(request.time_limit), request.time_limit);
    const double node_s = run.count() * component.nodes;
    demand.gpu_s += node_s * component.per_node.gpus;
    demand.core_s += node_s * component.per_node.cores;
    demand.nodes_max = std::max(demand.nodes_max, component.nodes);
  }
  return demand;
}

double span_s(const std::vector<TraceJob>& trace) {
  if (trace.empty()) return 0;
  const auto [first, last] = std::ranges::minmax(trace, {}, &TraceJob::submit);
  return std::chrono::duration<double>(last.submit - first.submit).count();
}

double units_in_all(const ClusterConfig& cluster, Unit unit) {
  const std::vector<std::uint64_t> of_class = units_of_classes(cluster, unit);
  double units = 0;
  for (const ConfiguredNode& node : cluster.nodes) {
    units += static_cast<double>(of_class[node.node_class]);
  }
  return units;
}

std::size_t largest_leaf(const ClusterConfig& cluster) {
  std::map<DomainId, std::size_t> nodes;
  for (const ConfiguredNode& node : cluster.nodes) ++nodes[node.leaf];
  std::size_t largest = 1;
  for (const auto& [leaf, count] : nodes) largest = std::max(largest, count);
  return largest;
}

std::string numbered(const char* what, std::size_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%s%05zu", what, number);
  return text;
}

// `count` nodes like the cluster's first, and nothing else.
std::shared_ptr<const ClusterConfig> resized(const ClusterConfig& cluster, std::size_t count) {
  const std::size_t leaf_size = largest_leaf(cluster);
  auto made = std::make_shared<ClusterConfig>(cluster);
  const ConfiguredNode model = cluster.nodes.front();
  made->fabric.domains = {{cluster.name, DomainKind::kSite, DomainId{0}}};
  made->nodes.clear();
  made->partitions = {cluster.partitions.front()};
  Partition& partition = made->partitions.front();
  partition.is_default = true;
  partition.nodes.clear();
  for (std::size_t i = 0; i < count; ++i) {
    if (i % leaf_size == 0) {
      const std::string name = numbered("leaf", i / leaf_size + 1);
      made->fabric.domains.push_back({name, DomainKind::kLeaf, DomainId{0}});
    }
    const DomainId leaf{static_cast<std::uint32_t>(made->fabric.domains.size() - 1)};
    made->nodes.push_back({numbered("n", i + 1), model.node_class, leaf, model.features});
    partition.nodes.push_back(NodeId{static_cast<std::uint32_t>(i)});
  }
  return made;
}

}  // namespace

OfferedLoad offered_load(const ClusterConfig& cluster, const std::vector<TraceJob>& trace) {
  if (cluster.nodes.empty()) return {};
  const NodeShape& shape = cluster.classes[cluster.nodes.front().node_class].shape;
  const Demand demand = demand_of(trace, shape);
  const double gpus = units_in_all(cluster, Unit::kGpu);
  const double cores = units_in_all(cluster, Unit::kCore);
  const double gpus_for_s = gpus > 0 ? demand.gpu_s / gpus : 0;
  const double cores_for_s = cores > 0 ? demand.core_s / cores : 0;
  const Unit unit = gpus_for_s > 0 && gpus_for_s >= cores_for_s ? Unit::kGpu : Unit::kCore;
  const double span = span_s(trace);
  return {unit, span > 0 ? std::max(gpus_for_s, cores_for_s) / span : 0};
}

Result<std::shared_ptr<const ClusterConfig>> sized_for(const ClusterConfig& cluster,
                                                       const std::vector<TraceJob>& trace,
                                                       double share) {
  if (cluster.nodes.empty()) return fail(ErrorCode::kInvalid, "the cluster has no nodes");
  const auto one = resized(cluster, 1);
  const double load_of_one = offered_load(*one, trace).share;
  if (load_of_one <= 0) return fail(ErrorCode::kInvalid, "the jobs are no load: no time passes");
  const NodeShape& shape = one->classes[one->nodes.front().node_class].shape;
  const double nodes = std::ceil(load_of_one / share);
  if (nodes > static_cast<double>(kNodesMax)) {
    return fail(ErrorCode::kInvalid, "the load needs more than " + std::to_string(kNodesMax) +
                                         " nodes; is the time between the jobs right?");
  }
  const std::size_t widest = demand_of(trace, shape).nodes_max;
  return resized(cluster, std::max(static_cast<std::size_t>(nodes), widest));
}

double pace(const ClusterConfig& cluster, double share, std::vector<TraceJob>& trace) {
  const double now = offered_load(cluster, trace).share;
  if (now <= 0 || share <= 0) return 1;
  const double factor = now / share;
  const Millis first = std::ranges::min(trace, {}, &TraceJob::submit).submit;
  for (TraceJob& job : trace) {
    const double after = std::chrono::duration<double>(job.submit - first).count();
    job.submit = first + Seconds(std::llround(after * factor));
  }
  return factor;
}

}  // namespace usine::sim
