// What a plan proposes, held against the newest state: starts, and jobs that are put back so that
// another one can start. A plan may be stale; what is decided here never is.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/arrays.h"
#include "scheduler/core/decider.h"
#include "scheduler/core/dependencies.h"
#include "scheduler/core/derived.h"
#include "scheduler/core/feasibility.h"
#include "scheduler/core/guarantees.h"
#include "scheduler/core/preemption_rules.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

using Leaving = std::set<JobId>;  // jobs whose shares count as free

// What is free on the node once those have left.
Node node_without(const State& state, NodeId id, const Leaving& leaving) {
  Node node = state.node(id);
  for (const JobId job : leaving) {
    if (node.jobs.erase(job) == 0) continue;
    const Attempt& attempt = *state.find_job(job)->attempt;
    const NodeShare& share = attempt.allocation.nodes[*index_of(attempt, id)];
    node.free_cores |= share.cores;
    node.free_gpus |= share.gpus;
    node.free_memory_mib += share.memory_mib;
  }
  return node;
}

bool share_is_free(const State& state, const NodeShare& share, const Component& component,
                   const Leaving& leaving) {
  if (share.node.value >= state.nodes.size()) return false;
  const Node node = node_without(state, share.node, leaving);
  if (!node.takes_work() || !node.free_cores.includes(share.cores)) return false;
  if (!node.free_gpus.includes(share.gpus) || node.free_memory_mib < share.memory_mib) return false;
  if (component.exclusive && !node.jobs.empty()) return false;
  const NodeShape& shape = state.shape_of(share.node);
  const NodeDemand& demand = component.per_node;
  return share.cores.count() >= demand.cores &&
         (share.gpus & gpus_of_type(shape, demand)).count() >= demand.gpus &&
         share.memory_mib >= memory_of_share(shape, demand);
}

bool allocation_fits(const State& state, const JobRequest& request, const Allocation& allocation,
                     const Leaving& leaving) {
  if (allocation.nodes.size() != request.total_nodes()) return false;
  std::set<NodeId> used;
  std::vector<std::uint32_t> nodes_of(request.components.size(), 0);
  for (const NodeShare& share : allocation.nodes) {
    if (share.component >= request.components.size()) return false;
    if (!used.insert(share.node).second) return false;
    if (!share_is_free(state, share, request.components[share.component], leaving)) return false;
    ++nodes_of[share.component];
  }
  for (std::size_t i = 0; i < nodes_of.size(); ++i) {
    if (nodes_of[i] != request.components[i].nodes) return false;
  }
  return true;
}

// Nobody else starts on a node that is kept for a job while others leave it (B73).
bool is_kept_for_another(const State& state, const Job& job, const Allocation& allocation) {
  if (state.claimed_by.empty()) return false;
  return std::ranges::any_of(allocation.nodes, [&](const NodeShare& share) {
    const auto claimants = state.claimed_by.find(share.node);
    return claimants != state.claimed_by.end() && !claimants->second.contains(job.id);
  });
}

bool is_open_to(const State& state, const Job& job, const Allocation& allocation, Time now) {
  if (is_kept_for_another(state, job, allocation)) return false;
  if (state.reservations.empty() && job.request->reservation.empty()) return true;
  const Stay stay = stay_of(state, job, now);
  return std::ranges::all_of(
      allocation.nodes, [&](const NodeShare& share) { return is_open(state, share.node, stay); });
}

bool may_start(State& state, const Job& job, Time now) {
  if (job.state != JobState::kPending || job.hold != HoldKind::kNone) return false;
  if (job.not_before && *job.not_before > now) return false;
  if (!dependencies_allow(state, job, now)) return false;
  if (const auto latest = latest_start(job); latest && now > *latest) return false;
  if (!job.awaiting_fence.empty() || startable_tasks(state, job, now) == 0) return false;
  return !state.running.blocked(state.running.use_of(job));
}

bool try_start(Decider& decider, const ProposedStart& start) {
  const Job* const job = decider.state.find_job(start.job);
  if (job == nullptr || !may_start(decider.state, *job, decider.now) ||
      !allocation_fits(decider.state, *job->request, start.allocation, {}) ||
      !is_open_to(decider.state, *job, start.allocation, decider.now)) {
    return false;
  }
  // A task that starts on what is kept for its array uses it up.
  if (job->claim && job->is_array()) decider.emit(ClaimDropped{job->id});
  for (Event& event : start_events(decider.state, start, decider.now)) {
    decider.emit(std::move(event));
  }
  return true;
}

// ---- preemption -------------------------------------------------------------------------------

// By what right victims are put back for one job: its class, or what its project has lent them.
class Rights {
 public:
  Rights(const State& state, const Job& job) : state_(state), job_(job), loans_(state) {}

  // A victim by its class leaves less of what its project has borrowed: all of them come first.
  void note(const Job& victim) {
    if (!names_as_victim(*state_.config, job_, victim)) return;
    taken_[victim.request->project] += state_.running.gpus_of(victim);
  }
  // From when on; each victim is asked about once, since what its project owes is used up.
  std::optional<Time> victim_from(const Job& victim) {
    if (const auto by_class = usine::victim_from(*state_.config, job_, victim)) return by_class;
    if (!loans_.is_owed(job_)) return std::nullopt;
    std::int64_t& taken = taken_[victim.request->project];
    taken += state_.running.gpus_of(victim);
    if (taken > loans_.borrowed(victim)) return std::nullopt;
    return debtor_from(*state_.config, job_, victim);
  }

 private:
  const State& state_;
  const Job& job_;
  Loans loans_;
  std::map<std::string, std::int64_t> taken_;  // GPUs, by project
};

// Whether each of them may be put back for the job now and has some of the place.
bool are_victims(const Decider& decider, const Job& job, const ProposedPreemption& proposal) {
  if (proposal.victims.empty()) return false;
  Rights rights(decider.state, job);
  for (const AttemptKey key : proposal.victims) {
    if (const Job* const victim = decider.state.find_job(key.job)) rights.note(*victim);
  }
  return std::ranges::all_of(proposal.victims, [&](AttemptKey key) {
    const Attempt* const attempt = decider.state.find_attempt(key);
    if (attempt == nullptr) return false;
    const auto from = rights.victim_from(*decider.state.find_job(key.job));
    if (!from || *from > decider.now) return false;
    return std::ranges::any_of(proposal.allocation.nodes, [&](const NodeShare& share) {
      return index_of(*attempt, share.node).has_value();
    });
  });
}

// The job's place is given up where not all have left by then.
Time claim_end(const Decider& decider, const ProposedPreemption& proposal) {
  const ClusterConfig& config = *decider.state.config;
  Millis longest{0};
  for (const AttemptKey key : proposal.victims) {
    longest = std::max(longest, grace_of(config, *decider.state.find_job(key.job)));
  }
  return decider.now + longest + config.timings.kill_wait + config.timings.prepare;
}

bool try_preempt(Decider& decider, const ProposedPreemption& proposal) {
  const Job* const job = decider.state.find_job(proposal.job);
  if (job == nullptr || job->claim || !may_start(decider.state, *job, decider.now)) return false;
  Leaving leaving;
  for (const AttemptKey key : proposal.victims) leaving.insert(key.job);
  if (leaving.size() != proposal.victims.size() || !are_victims(decider, *job, proposal) ||
      !allocation_fits(decider.state, *job->request, proposal.allocation, leaving) ||
      !is_open_to(decider.state, *job, proposal.allocation, decider.now)) {
    return false;
  }
  const std::string room = "makes room for job " + std::to_string(job->id.value);
  for (const AttemptKey key : proposal.victims) {
    const Job& victim = *decider.state.find_job(key.job);
    const bool by_class = names_as_victim(*decider.state.config, *job, victim);
    const std::string text = by_class ? room
                                      : room + ", whose project '" + job->request->project +
                                            "' is guaranteed GPUs that others had borrowed";
    decider.emit(StopRequested{key, {StopCause::kPreempted, text, decider.now, proposal.job}});
  }
  decider.emit(JobClaimed{proposal.job, {proposal.allocation, claim_end(decider, proposal)}});
  return true;
}

}  // namespace

Result<Reply> decide_plan(Decider& decider, const CommitPlan& command) {
  PlanCommitted answer;
  for (const ProposedStart& start : command.starts) {
    if (!try_start(decider, start)) answer.rejected.push_back(start.job);
  }
  for (const ProposedPreemption& proposal : command.preemptions) {
    if (!try_preempt(decider, proposal)) answer.rejected.push_back(proposal.job);
  }
  return answer;
}

}  // namespace usine
