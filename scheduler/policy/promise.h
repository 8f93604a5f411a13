// A promised start: the earliest time at which running jobs, ending at their limits, and promises
// made before leave room for a job that has to wait, and the shares that are kept for it from then
// on. Others may start only where they do not touch it (backfill with reservations: Lifka, "The
// ANL/IBM SP scheduling system", JSSPP 1995, for one job; Mu'alem and Feitelson, IEEE TPDS 12(6),
// 2001, for all), so that a large job is not starved by small ones (B76, B77). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/domain_search.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

struct Promise {
  struct Share {
    NodeId node;
    Amount amount;
  };

  JobId job;
  Time at;     // its start, at the latest
  Time until;  // its end then
  std::vector<Share> shares;
};

// By when the job has left its nodes at the latest: its limit, or the grace of its stop.
[[nodiscard]] Time latest_end(const Job& job, const ClusterConfig& config);

// Looks for the earliest start of a gang. Keeps its buffers between searches.
class StartFinder {
 public:
  // Both outlive the finder, which is made anew when the machine is rebuilt.
  StartFinder(const Machine& machine, const Timeline& timeline);

  // Not before run.from. None where the gang does not fit even when all running jobs have ended:
  // nodes that it needs are down or drained.
  [[nodiscard]] std::optional<Promise> find(JobId job, const Demand& demand, const Run& run);

 private:
  struct Future;

  // Of each node the earliest start of the component's share, by `exact` with cores and memory.
  void find_times(const ComponentDemand& component, const PartDemand& part, const Run& run,
                  bool exact);
  [[nodiscard]] Time nth_time(std::uint32_t nodes);
  // The earliest time, from run.from on, at which each component has enough nodes for itself.
  [[nodiscard]] Time earliest(const Demand& demand, const Run& run, bool exact);
  [[nodiscard]] bool choose(const ComponentDemand& component, const PartDemand& part,
                            const Run& run);
  // Whether the whole gang fits at run.from, which is then in `promise`.
  [[nodiscard]] bool fits(const Demand& demand, const Run& run, Promise& promise);
  // The next time after `at` at which anything changes for the gang.
  [[nodiscard]] Time next_change(const Demand& demand, const Run& run);

  const Machine& machine_;
  const Timeline& timeline_;
  DomainSearch search_;
  std::vector<Time> times_;  // of the nodes of one component
  std::vector<NodeId> chosen_;
  std::vector<std::uint32_t> taken_;  // by node: the number of the try that took it last
  std::uint32_t try_ = 0;
};

}  // namespace usine
