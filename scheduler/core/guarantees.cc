#include "scheduler/core/guarantees.h"

#include <set>

#include "scheduler/core/preemption_rules.h"

namespace usine {
namespace {

std::int64_t of(const std::map<std::string, std::int64_t>& gpus, const Job& job) {
  const auto found = gpus.find(job.request->project);
  return found == gpus.end() ? 0 : found->second;
}

}  // namespace

bool may_be_owed(const State& state, const Job& job) {
  if (!state.running.any_guarantee()) return false;
  const std::int64_t gpus = state.running.gpus_of(job);
  return gpus > 0 && state.running.project_gpus(job) + gpus <= state.running.guaranteed_gpus(job);
}

Loans::Loans(const State& state) : state_(state) {
  if (!state.running.any_guarantee()) return;
  std::set<JobId> seen;
  for (const Node& node : state.nodes) {
    for (const JobId id : node.jobs) {
      const Job& job = *state.find_job(id);
      if (!job.attempt->stop || !seen.insert(id).second) continue;
      leaving_[job.request->project] += state.running.gpus_of(job);
    }
  }
  seen.clear();
  for (const auto& [node, jobs] : state.claimed_by) {
    for (const JobId id : jobs) {
      if (!seen.insert(id).second) continue;
      const Job& job = *state.find_job(id);
      kept_[job.request->project] += state.running.gpus_of(job);
    }
  }
}

bool Loans::is_owed(const Job& job) const {
  const std::int64_t others = of(kept_, job) - (job.claim ? state_.running.gpus_of(job) : 0);
  return may_be_owed(state_, job) && borrowed(job) + others + state_.running.gpus_of(job) <= 0;
}

std::int64_t Loans::borrowed(const Job& job) const {
  return state_.running.project_gpus(job) - of(leaving_, job) - state_.running.guaranteed_gpus(job);
}

std::optional<Time> debtor_from(const ClusterConfig& config, const Job& job, const Job& victim) {
  if (victim.request->project == job.request->project || !may_start_again(job, victim) ||
      names_as_victim(config, victim, job)) {
    return std::nullopt;
  }
  return protected_until(config, victim);
}

}  // namespace usine
