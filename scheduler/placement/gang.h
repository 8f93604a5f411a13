// Where a whole gang goes: all of its nodes or none (B28, B29, B30), as near to each other as the
// machine allows now; inside a node the GPUs with the best links. Owned by the planner; pure, keeps
// its buffers between placements.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"
#include "model/reason.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/domain_search.h"
#include "scheduler/placement/machine.h"
#include "scheduler/placement/packing.h"

namespace usine {

// When a gang would run.
struct Run {
  Time from;
  Millis length{0};  // at the most
};

class GangPlacer {
 public:
  // `machine` outlives the placer, which is made anew when it is rebuilt.
  explicit GangPlacer(Machine& machine);

  // Books the gang and returns where, in rank order: leaf by leaf, so that consecutive ranks share
  // a leaf (B35). Claimed nodes are for it only where what is claimed of them stays free. Where it
  // does not fit, nothing is booked and the reason says what lacks; kBehindHigherPriority (without
  // a job) where only claimed nodes are left.
  [[nodiscard]] std::expected<Allocation, Reason> place(const Demand& demand, const Run& run);

  // Whether there could be enough room until then by the counts alone: false is certain. Until
  // Time{}: all claimed nodes count, whenever they are claimed.
  [[nodiscard]] bool may_fit(const Demand& demand, Time until) const;
  // Claimed nodes that could hold a share until then, at most.
  [[nodiscard]] std::uint64_t claimed_for(const ComponentDemand& component, Time until) const;

 private:
  struct Part;

  [[nodiscard]] bool choose(const ComponentDemand& component, const Run& run);
  [[nodiscard]] bool choose_way(const ComponentDemand& component,
                                const std::vector<PartDemand>& way, const Run& run);
  [[nodiscard]] bool choose_part(Part& part, std::uint32_t nodes);
  void set_counts(const Part& part);
  [[nodiscard]] bool add_claimed(Part& part, std::uint32_t nodes);
  void take(NodeId node);
  void book(const ComponentDemand& component, std::uint32_t number, Allocation& allocation);
  [[nodiscard]] std::vector<NodeId> busy_named(const ComponentDemand& component,
                                               const Run& run) const;
  [[nodiscard]] Reason why_not(const ComponentDemand& component, const Run& run);

  Machine& machine_;
  DomainSearch search_;
  Packer packer_;
  std::vector<NodeId> chosen_;        // of one component
  std::vector<std::uint32_t> taken_;  // by node: the number of the placement that took it last
  std::uint32_t placement_ = 0;
  bool some_taken_ = false;  // by this placement
};

}  // namespace usine
