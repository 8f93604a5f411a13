// The nodes that have got room since the last pass: what did not fit then can only fit now with one
// of them. Lives as long as a pass; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

class GrownNodes {
 public:
  GrownNodes(const Machine& machine, const Timeline& timeline, std::vector<NodeId> nodes);

  // One more: a claim on it has gone or begins later.
  void add(NodeId node);
  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  [[nodiscard]] bool contains(NodeId node) const { return grown_[node.value]; }

  // The most that one of them has free.
  struct Most {
    std::uint32_t gpus = 0;
    std::uint32_t cores = 0;
  };
  [[nodiscard]] Most most() const;

  // Whether one of them could hold a share of the gang, whatever is claimed of it.
  [[nodiscard]] bool any_holds(const Demand& demand) const;
  // Whether one of them, as things stand, could hold a share before `at`.
  [[nodiscard]] bool any_before(const Demand& demand, Time at) const;

  // Once no more promises are made or let go: tells apart the nodes that are claimed.
  void settle(Time now);
  // After settle(): whether a node that is not claimed holds a share.
  [[nodiscard]] bool any_open(const Demand& demand);
  // After settle(): for how long at most a claimed one could hold one; zero for not at all.
  [[nodiscard]] Millis longest_held(const Demand& demand) const;

 private:
  [[nodiscard]] bool holds(NodeId node, const ComponentDemand& component) const;
  // Leaves out open nodes that have filled up in this pass.
  void drop_full();

  const Machine& machine_;
  const Timeline& timeline_;
  std::vector<NodeId> nodes_;
  std::vector<bool> grown_;           // by node
  std::vector<NodeId> open_;          // after settle()
  std::vector<Millis> longest_held_;  // by GPUs
  std::size_t bookings_ = 0;          // of the machine, when open_ was looked through last
};

}  // namespace usine
