#include "scheduler/policy/grown_nodes.h"

#include <algorithm>
#include <utility>

namespace usine {
namespace {

// Grown nodes that are looked at one by one for a request.
constexpr std::size_t kLookedAtMax = 64;

// Whether it is so of any part of the gang, whichever way it is made up.
bool any_part(const Demand& demand, const auto& is_so) {
  return std::ranges::any_of(demand.components, [&](const ComponentDemand& component) {
    return std::ranges::any_of(component.ways, [&](const std::vector<PartDemand>& way) {
      return std::ranges::any_of(
          way, [&](const PartDemand& part) { return is_so(*component.asked, part); });
    });
  });
}

}  // namespace

GrownNodes::GrownNodes(const Machine& machine, std::vector<NodeId> nodes)
    : machine_(machine),
      nodes_(std::move(nodes)),
      grown_(machine.pools().of_node.size(), false),
      most_(machine.pools().pools.size()) {
  std::ranges::sort(nodes_);
  const auto [first, last] = std::ranges::unique(nodes_);
  nodes_.erase(first, last);
  for (const NodeId node : nodes_) {
    grown_[node.value] = true;
    sum_up(node);
  }
}

void GrownNodes::add(NodeId node) {
  if (grown_[node.value]) return;
  grown_[node.value] = true;
  nodes_.push_back(node);
  sum_up(node);
}

void GrownNodes::sum_up(NodeId node) {
  const NodeFree& free = machine_.free(node);
  Most& most = most_[machine_.pools().of_node[node.value]];
  if (!free.takes_work) return;
  most.any = true;
  most.gpus = std::max(most.gpus, free.gpu_count);
  most.cores = std::max(most.cores, free.core_count);
}

bool GrownNodes::holds(std::uint32_t pool, const Component& asked) const {
  const Most& most = most_[pool];
  return most.any && most.gpus >= asked.per_node.gpus && most.cores >= asked.per_node.cores;
}

bool GrownNodes::any_holds(const Demand& demand) const {
  return any_part(demand, [&](const Component& asked, const PartDemand& part) {
    return std::ranges::any_of(part.pools, [&](std::uint32_t pool) { return holds(pool, asked); });
  });
}

bool GrownNodes::any_before(const Demand& demand, const Run& run, const Promise& promise) const {
  return any_part(demand, [&](const Component& asked, const PartDemand& part) {
    return std::ranges::any_of(nodes_, [&](NodeId node) {
      return serves(part, node) && is_before(node, asked, run, promise);
    });
  });
}

bool GrownNodes::any_fits(const Demand& demand, const Run& run) const {
  if (nodes_.size() > kLookedAtMax) return true;
  return any_part(demand, [&](const Component& asked, const PartDemand& part) {
    return std::ranges::any_of(
        nodes_, [&](NodeId node) { return serves(part, node) && fits(node, asked, run); });
  });
}

bool GrownNodes::serves(const PartDemand& part, NodeId node) const {
  return part.pool_fits[machine_.pools().of_node[node.value]];
}

bool GrownNodes::fits(NodeId node, const Component& asked, const Run& run) const {
  if (!share_fits(machine_.free(node), machine_.table(node), asked)) return false;
  if (!machine_.is_claimed(node)) return true;
  const Amount share = share_amount(machine_.table(node), asked);
  return machine_.timeline().is_free(node, {share, run.length, run.from});
}

bool GrownNodes::is_before(NodeId node, const Component& asked, const Run& run,
                           const Promise& promise) const {
  const Timeline& timeline = machine_.timeline();
  if (timeline.ready(asked.per_node.gpus)[node.value] >= promise.at) return false;
  if (timeline.has_claim({Party::Kind::kPromised, promise.job.value}, node)) return true;
  const Amount share = share_amount(machine_.table(node), asked);
  return timeline.earliest(node, {share, run.length, run.from}) < promise.at;
}

void GrownNodes::settle() {
  if (!open_.empty() && bookings_ == machine_.mark()) return;
  bookings_ = machine_.mark();
  any_room_ = false;
  most_gpus_ = 0;
  most_cores_ = 0;
  open_.assign(GpuSet::kCapacity + 1, 0);
  claimed_until_.assign(GpuSet::kCapacity + 1, Time::min());
  for (const NodeId node : nodes_) {
    const NodeFree& free = machine_.free(node);
    if (!free.takes_work || (free.gpu_count == 0 && free.core_count == 0)) continue;
    any_room_ = true;
    most_gpus_ = std::max(most_gpus_, free.gpu_count);
    most_cores_ = std::max(most_cores_, free.core_count);
    const bool claimed = machine_.is_claimed(node);
    const PoolSet pool = pool_bit(machine_.pools().of_node[node.value]);
    for (std::uint32_t gpus = 0; gpus <= free.gpu_count; ++gpus) {
      if (!claimed) {
        open_[gpus] |= pool;
      } else {
        const Time until = machine_.timeline().open_until(node, gpus);
        claimed_until_[gpus] = std::max(claimed_until_[gpus], until);
      }
    }
  }
}

bool GrownNodes::any_open(const DemandTable::Glance& asked, Time until) const {
  if (asked.gpus > most_gpus_ || asked.cores > most_cores_) return false;
  return (open_[asked.gpus] & asked.pools) != 0 || claimed_until_[asked.gpus] >= until;
}

}  // namespace usine
