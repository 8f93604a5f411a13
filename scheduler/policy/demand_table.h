// The demands of the classes in the queue, each worked out when a pass first needs it, and what a
// pass has learned of each: no room grows within a pass, so what one job of a class could not get,
// no other job of it that runs as long or longer can. Owned by the planner; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/time.h"
#include "model/reason.h"
#include "scheduler/placement/demand.h"
#include "scheduler/queue/queue.h"

namespace usine {

class DemandTable {
 public:
  struct Row {
    std::optional<Demand> demand;
    // Of the pass that wrote it last.
    std::uint64_t pass = 0;
    Millis blocked_from{0};    // jobs of this length or longer find no place
    std::uint32_t reason = 0;  // number in the plan's list
    // Where a job of that length found none: the claimed nodes that could have held a share of it.
    std::uint64_t claimed_nodes = 0;
    bool no_open = false;  // no node that has got room and is not claimed holds a share
  };

  // What is asked of one node at least, and of how many: enough to see at a glance that a class has
  // no chance. All zero where nothing is known yet, or for several components.
  struct Glance {
    std::uint32_t nodes = 0;
    std::uint32_t gpus = 0;
    std::uint32_t cores = 0;
  };

  // The class has got its first job: whatever was known is of another demand.
  void forget(DemandClass demand) {
    if (demand >= rows_.size()) return;
    rows_[demand].demand.reset();
    glances_[demand] = {};
  }
  void forget_all() {
    rows_.clear();
    glances_.clear();
  }
  [[nodiscard]] Row& row(DemandClass demand) {
    grow(demand);
    return rows_[demand];
  }
  [[nodiscard]] const Glance& glance(DemandClass demand) {
    grow(demand);
    return glances_[demand];
  }
  void set(DemandClass number, Demand demand) {
    if (demand.components.size() == 1) {
      const Component& only = *demand.components.front().asked;
      glances_[number] = {only.nodes, only.per_node.gpus, only.per_node.cores};
    }
    rows_[number].demand = std::move(demand);
  }

 private:
  void grow(DemandClass demand) {
    if (demand < rows_.size()) return;
    rows_.resize(demand + 1);
    glances_.resize(demand + 1);
  }

  std::vector<Row> rows_;
  std::vector<Glance> glances_;  // parallel
};

}  // namespace usine
