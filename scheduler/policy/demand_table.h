// The demands of the classes in the queue, each worked out when a pass first needs it, and what a
// pass has learned of each: no room grows within a pass, so what one job of a class could not get,
// no other job of it that runs as long or longer can. Owned by the planner; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/demand.h"
#include "scheduler/queue/queue.h"

namespace usine {

// Some pools of the machine, as bits; those beyond 64 share the bits of others, so that a common
// bit says only that there may be a common pool.
using PoolSet = std::uint64_t;

[[nodiscard]] constexpr PoolSet pool_bit(std::uint32_t pool) { return PoolSet{1} << pool % 64; }

class DemandTable {
 public:
  // Both outlive the table.
  DemandTable(const State& state, const Machine& machine) : state_(&state), machine_(&machine) {}

  struct Row {
    std::optional<Demand> demand;
    // Of the pass that wrote it last.
    std::uint64_t pass = 0;
    Millis blocked_from{0};    // jobs of this length or longer find no place
    std::uint32_t reason = 0;  // number in the plan's list
    // Where a job of that length found none: the claimed nodes that could have held a share of it.
    std::uint64_t claimed_nodes = 0;
  };

  // What is asked of one node at least, of how many, and of which: enough to see at a glance that a
  // class has no chance. Asks for nothing where nothing is known yet, or of several kinds of nodes.
  struct Glance {
    std::uint32_t nodes = 0;
    std::uint32_t gpus = 0;
    std::uint32_t cores = 0;
    PoolSet pools = ~PoolSet{0};
  };

  // What earlier passes have learned of classes counts no more.
  void begin_pass(Time now);
  // Room has grown within the pass.
  void forget_decisions() { ++pass_; }

  // The class has got its first job: whatever was known is of another demand.
  void forget(DemandClass demand);
  void forget_all();

  // Of the entry's class, with its demand.
  [[nodiscard]] Row& row(const QueueEntry& entry);
  [[nodiscard]] const Glance& glance(DemandClass demand) {
    grow(demand);
    return glances_[demand];
  }

 private:
  void grow(DemandClass demand);
  void set(DemandClass number, Demand demand);

  const State* state_;
  const Machine* machine_;
  std::uint64_t pass_ = 0;
  Time now_{};
  std::vector<Row> rows_;
  std::vector<Glance> glances_;  // parallel
};

}  // namespace usine
