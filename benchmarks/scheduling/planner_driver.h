// A scheduler without journal, network and agents: the core and a planner beside it, driven by
// hand, with nodes that do at once what they are told. For benchmarks of the planner; one thread.
#pragma once

#include <memory>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/cluster.h"
#include "model/request.h"
#include "scheduler/core/command.h"
#include "scheduler/core/state.h"
#include "scheduler/policy/planner.h"

namespace usine::bench {

class PlannerDriver {
 public:
  // Starts are kept for as many blocked jobs as `kept`.
  PlannerDriver(const std::shared_ptr<const ClusterConfig>& config);

  void tell(const Command& command);
  // The job's id; 0 where it is refused.
  JobId submit(std::shared_ptr<const JobRequest> request);
  // The starts of a plan come true: placed, prepared and running.
  void carry_out(const Plan& plan);
  // The job ends on all of its nodes.
  void end(JobId job);

  [[nodiscard]] Planner& planner() { return planner_; }
  [[nodiscard]] const State& state() const { return state_; }
  // In the order in which they started.
  [[nodiscard]] const std::vector<JobId>& running() const { return running_; }

  Time now{Millis{1'700'000'000'000}};

 private:
  State state_;
  Planner planner_;
  std::vector<JobId> running_;
};

}  // namespace usine::bench
