#include "scheduler/placement/demand.h"

#include <algorithm>
#include <span>
#include <string>

#include "scheduler/core/feasibility.h"

namespace usine {
namespace {

std::vector<NodeId> ids_of(const State& state, const std::vector<std::string>& names) {
  std::vector<NodeId> ids;
  for (const std::string& name : names) {
    const auto found = state.node_by_name.find(name);
    if (found != state.node_by_name.end()) ids.push_back(found->second);
  }
  std::ranges::sort(ids);
  return ids;
}

PartDemand make_part(const Machine& machine, PartitionId partition, const Component& component,
                     const FeatureCount& part) {
  PartDemand demand{part.nodes, {}, {}};
  const std::vector<Pool>& pools = machine.pools().pools;
  for (std::uint32_t i = 0; i < pools.size(); ++i) {
    const NodeShape& shape = machine.state().config->classes[pools[i].node_class].shape;
    const bool fits = in_partition(pools[i], partition) && could_hold(shape, component) &&
                      part.what.fits(std::span<const std::string>(pools[i].features));
    demand.pool_fits.push_back(fits);
    if (fits) demand.pools.push_back(i);
  }
  return demand;
}

}  // namespace

Demand make_demand(const Machine& machine, PartitionId partition,
                   std::shared_ptr<const JobRequest> request, Switches switches) {
  Demand demand{std::move(request), partition, {}, 0, 0};
  demand.nodes = demand.request->total_nodes();
  demand.gpus = demand.request->total_gpus();
  for (const Component& component : demand.request->components) {
    ComponentDemand one{&component, component.topology, {}, {}, {}};
    if (switches == Switches::kAny) one.topology.switches_max = 0;
    one.named = ids_of(machine.state(), component.only_nodes);
    one.excluded = ids_of(machine.state(), component.excluded_nodes);
    for (const FeatureParts& way : ways_to_fit(component.constraint, component.nodes)) {
      std::vector<PartDemand>& parts = one.ways.emplace_back();
      for (const FeatureCount& part : way) {
        parts.push_back(make_part(machine, partition, component, part));
      }
    }
    demand.components.push_back(std::move(one));
  }
  return demand;
}

bool share_fits(const NodeFree& free, const ShapeTable& table, const Component& component) {
  if (!free.takes_work) return false;
  if (component.exclusive && free.jobs > 0) return false;
  const NodeDemand& demand = component.per_node;
  if (demand.gpus > free.gpu_count || demand.cores > free.core_count) return false;
  if (memory_of_share(*table.shape, demand) > free.memory_mib) return false;
  return demand.gpu_type.empty() ||
         demand.gpus <= (free.gpus & gpus_of_type(*table.shape, demand)).count();
}

Amount share_amount(const ShapeTable& table, const Component& component) {
  const NodeShape& shape = *table.shape;
  if (component.exclusive) {
    return {static_cast<std::int64_t>(shape.cores.size()),
            static_cast<std::int64_t>(shape.gpus.size()), shape.memory_mib()};
  }
  const NodeDemand& share = component.per_node;
  return {share.cores, share.gpus, memory_of_share(shape, share)};
}

}  // namespace usine
