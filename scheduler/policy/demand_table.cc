#include "scheduler/policy/demand_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/policy/eligibility.h"

namespace usine {
namespace {

// To the nodes of the reservation that the request names.
void confine(Demand& demand, const State& state) {
  const auto found = state.reservations.find(demand.request->reservation);
  if (found == state.reservations.end()) return;
  std::vector<NodeId> others;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    if (!found->second.nodes.contains(NodeId{i})) others.push_back(NodeId{i});
  }
  for (ComponentDemand& component : demand.components) {
    std::vector<NodeId> excluded;
    std::ranges::set_union(component.excluded, others, std::back_inserter(excluded));
    component.excluded = std::move(excluded);
  }
}

PoolSet pools_of(const ComponentDemand& component) {
  PoolSet pools = 0;
  for (const std::vector<PartDemand>& way : component.ways) {
    for (const PartDemand& part : way) {
      for (const std::uint32_t pool : part.pools) pools |= pool_bit(pool);
    }
  }
  return pools;
}

}  // namespace

void DemandTable::begin_pass(Time now) {
  forget_decisions();
  now_ = now;
}

void DemandTable::forget(DemandClass demand) {
  if (demand >= rows_.size()) return;
  rows_[demand].demand.reset();
  glances_[demand] = {};
}

void DemandTable::forget_all() {
  rows_.clear();
  glances_.clear();
}

void DemandTable::grow(DemandClass demand) {
  if (demand < rows_.size()) return;
  rows_.resize(demand + 1);
  glances_.resize(demand + 1);
}

void DemandTable::set(DemandClass number, Demand demand) {
  if (demand.components.size() == 1) {
    const ComponentDemand& only = demand.components.front();
    glances_[number] = {only.asked->nodes, only.asked->per_node.gpus, only.asked->per_node.cores,
                        pools_of(only)};
  }
  rows_[number].demand = std::move(demand);
}

DemandTable::Row& DemandTable::row(const QueueEntry& entry) {
  grow(entry.demand);
  Row& row = rows_[entry.demand];
  if (!row.demand) {
    const Job& job = *state_->find_job(entry.job());
    Demand demand = make_demand(*machine_, job.partition, job.request, switches_wanted(job, now_));
    if (!job.request->reservation.empty()) confine(demand, *state_);
    set(entry.demand, std::move(demand));
  }
  if (row.pass != pass_) {
    row.pass = pass_;
    row.blocked_from = Millis::max();
  }
  return row;
}

}  // namespace usine
