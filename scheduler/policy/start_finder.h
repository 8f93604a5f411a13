// The earliest start that can be promised to a gang: when running jobs, ending at their limits, and
// promises made before leave room for all of it. Owned by the planner; pure, keeps its buffers
// between searches.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/domain_search.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/promise.h"

namespace usine {

class StartFinder {
 public:
  // `machine` outlives the finder, which is made anew when it is rebuilt.
  explicit StartFinder(const Machine& machine);

  // Not before run.from. None where the gang does not fit even when all running jobs have ended:
  // nodes that it needs are down or drained.
  [[nodiscard]] std::optional<Promise> find(JobId job, const Demand& demand, const Run& run);
  // What is known where a start is looked for again: none was found by `latest` when only `grown`
  // nodes had less room than now.
  struct Known {
    Time latest;
    std::span<const NodeId> grown;
  };
  // The same by known.latest.
  [[nodiscard]] std::optional<Promise> find_sooner(JobId job, const Demand& demand, const Run& run,
                                                   const Known& known);

 private:
  struct Future;

  // Whether some part's nodes have their GPUs free too late, even if no claim counted.
  [[nodiscard]] bool is_hopeless(const Demand& demand, Time latest) const;
  // The n least of some times, n at least 1.
  class LeastTimes {
   public:
    void reset(std::size_t n);
    void add(Time time);
    // The n-th; kNever as long as there are fewer.
    [[nodiscard]] Time last() const;

   private:
    std::size_t n_ = 1;
    std::vector<Time> times_;  // a heap, the latest on top
  };

  enum class Look : std::uint8_t {
    kByGpus,  // at nodes without claims by their GPUs alone
    kExact,
    kAtAll,  // exact, also at those that come after enough others
  };
  // Of each node of the part that could be free by latest_, but of none that comes after enough
  // others, the earliest start of the component's share.
  void find_times(const ComponentDemand& component, const PartDemand& part, const Run& run,
                  Look look);
  [[nodiscard]] Time time_on(NodeId node, const Component& asked, const Run& run,
                             bool by_gpus) const;
  [[nodiscard]] std::optional<Promise> search(JobId job, const Demand& demand, const Run& run);
  [[nodiscard]] Time first_after(Time time) const;
  // The earliest time, from run.from on, at which each part has enough nodes for itself.
  [[nodiscard]] Time earliest(const Demand& demand, const Run& run, Look look);
  [[nodiscard]] bool choose(const ComponentDemand& component, const PartDemand& part,
                            const Run& run);
  // Whether the whole gang fits at run.from, which is then in `promise`.
  [[nodiscard]] bool fits(const Demand& demand, const Run& run, Promise& promise);
  // The next time after run.from at which anything changes for the gang.
  [[nodiscard]] Time next_change(const Demand& demand, const Run& run);

  const Machine& machine_;
  DomainSearch search_;
  // Of the search: its bound, and the nodes that it is confined to, if it is.
  Time latest_ = Timeline::kNever;
  std::optional<std::span<const NodeId>> among_;
  std::vector<NodeId> candidates_;  // of one part
  std::vector<Time> times_;         // parallel
  LeastTimes least_;                // of them, as many as the part has nodes
  std::vector<NodeId> chosen_;
  std::vector<std::uint32_t> taken_;  // by node: the number of the try that took it last
  std::uint32_t try_ = 0;
};

}  // namespace usine
