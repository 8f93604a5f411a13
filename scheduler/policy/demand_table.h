// The demands of the classes in the queue, each worked out when a pass first needs it, and what a
// pass has learned of each: no room grows within a pass, so what one job of a class could not get,
// no other job of it that runs as long or longer can. Owned by the planner; pure.
#pragma once

#include <cstdint>
#include <optional>
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
  };

  // The class has got its first job: whatever was known is of another demand.
  void forget(DemandClass demand) {
    if (demand < rows_.size()) rows_[demand].demand.reset();
  }
  void forget_all() { rows_.clear(); }
  [[nodiscard]] Row& row(DemandClass demand) {
    if (demand >= rows_.size()) rows_.resize(demand + 1);
    return rows_[demand];
  }

 private:
  std::vector<Row> rows_;
};

}  // namespace usine
