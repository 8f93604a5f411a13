// The nodes that have got room since the last pass, summed up by pool: what did not fit then can
// only fit now with one of them. Its answers are upper bounds: false is certain. Lives as long as a
// pass; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/demand_table.h"
#include "scheduler/policy/promise.h"

namespace usine {

class GrownNodes {
 public:
  GrownNodes(const Machine& machine, std::vector<NodeId> nodes);

  // One more: a claim on it has gone or begins later.
  void add(NodeId node);
  [[nodiscard]] const std::vector<NodeId>& nodes() const { return nodes_; }
  [[nodiscard]] bool contains(NodeId node) const { return grown_[node.value]; }

  // Whether one of them could hold a share of the gang, whatever is claimed of it.
  [[nodiscard]] bool any_holds(const Demand& demand) const;
  // Whether one of them could hold a share for the run before the promised start, as things stand
  // or if the promise itself did not.
  [[nodiscard]] bool any_before(const Demand& demand, const Run& run, const Promise& promise) const;

  // Once no more promises are made or let go, and again after each booking: tells apart the nodes
  // that are claimed.
  void settle();
  // After settle(): whether one of them has room for a share until then, beside what is claimed.
  [[nodiscard]] bool any_open(const DemandTable::Glance& asked, Time until) const;
  // Whether one of them holds a share of the gang for the whole run, beside what is claimed. Where
  // they are many, it is not looked at each of them.
  [[nodiscard]] bool any_fits(const Demand& demand, const Run& run) const;
  // After settle(): whether any of them has room for anything.
  [[nodiscard]] bool any_room() const { return any_room_; }

 private:
  // The most of each that a node of the pool has free, not all of it on one node.
  struct Most {
    std::uint32_t gpus = 0;
    std::uint32_t cores = 0;
    bool any = false;
  };

  void sum_up(NodeId node);
  [[nodiscard]] bool holds(std::uint32_t pool, const Component& asked) const;
  [[nodiscard]] bool serves(const PartDemand& part, NodeId node) const;
  [[nodiscard]] bool fits(NodeId node, const Component& asked, const Run& run) const;
  [[nodiscard]] bool is_before(NodeId node, const Component& asked, const Run& run,
                               const Promise& promise) const;

  const Machine& machine_;
  std::vector<NodeId> nodes_;
  std::vector<bool> grown_;  // by node
  std::vector<Most> most_;   // by pool
  // After settle(): the most that one of them has free, among others.
  bool any_room_ = false;
  std::uint32_t most_gpus_ = 0;
  std::uint32_t most_cores_ = 0;
  std::vector<PoolSet> open_;        // by GPUs: of nodes without a claim that have as many free
  std::vector<Time> claimed_until_;  // by GPUs: the longest that a claimed one has as many
  std::size_t bookings_ = 0;         // of the machine, when it was settled last
};

}  // namespace usine
