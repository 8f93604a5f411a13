#include "benchmarks/scheduling/planner_driver.h"

#include <utility>
#include <vector>

#include "scheduler/core/decide.h"

namespace usine::bench {

PlannerDriver::PlannerDriver(const std::shared_ptr<const ClusterConfig>& config)
    : planner_(State{}) {
  tell(Configure{"benchmark", config});
  tell(StartEpoch{Epoch{1}});
  for (const ConfiguredNode& node : config->nodes) {
    tell(AgentHello{{node.name, "boot", "", nullptr, {}}});
  }
}

void PlannerDriver::tell(const Command& command) {
  const Decision decision = decide(state_, command, now);
  if (decision.events.empty()) return;
  const Sequence sequence{state_.sequence.value + 1};
  advance(state_, sequence, now);
  planner_.apply_row(sequence, now, decision.events);
}

JobId PlannerDriver::submit(std::shared_ptr<const JobRequest> request) {
  const JobId job = state_.next_job;
  const Caller caller{request->user, 1000, 1000, true};
  tell(SubmitJob{caller, std::move(request), false});
  return state_.next_job == job ? JobId{} : job;
}

void PlannerDriver::carry_out(const Plan& plan) {
  tell(plan.proposals);
  for (const ProposedStart& start : plan.proposals.starts) {
    const Job* const job = state_.find_job(start.job);
    if (job == nullptr || !job->attempt) continue;
    const AttemptKey key{job->id, job->attempt->number};
    for (const NodeShare& share : start.allocation.nodes) {
      tell(AgentPrepared{share.node, {key, true, false, {}, "benchmark"}});
    }
    running_.push_back(key.job);
  }
}

void PlannerDriver::end(JobId id) {
  const Attempt attempt = *state_.find_job(id)->attempt;
  for (const NodeShare& share : attempt.allocation.nodes) {
    tell(AgentEnded{share.node, {{id, attempt.number}, {}}});
  }
  std::erase(running_, id);
}

}  // namespace usine::bench
