// The part of a pass that makes room: which jobs are put back for one of a higher class, and the
// start of one where its place has been kept.
#include <algorithm>
#include <set>
#include <utility>

#include "scheduler/core/guarantees.h"
#include "scheduler/core/preemption_rules.h"
#include "scheduler/policy/pass.h"
#include "scheduler/policy/preemption.h"

namespace usine {
namespace {

bool is_free(const Machine& machine, const NodeShare& share, const Component& component) {
  const NodeFree& free = machine.free(share.node);
  return free.takes_work && free.cores.includes(share.cores) && free.gpus.includes(share.gpus) &&
         free.memory_mib >= share.memory_mib && (!component.exclusive || free.jobs == 0);
}

// Jobs that were asked to make room for this one and have not left yet, and when the last has.
std::pair<std::int64_t, Time> leaving_for(const State& state, const Job& job) {
  std::set<JobId> leaving;
  Time last{};
  for (const NodeShare& share : job.claim->allocation.nodes) {
    for (const JobId id : state.node(share.node).jobs) {
      const auto& stop = state.find_job(id)->attempt->stop;
      if (stop && stop->cause == StopCause::kPreempted && stop->for_job == job.id) {
        leaving.insert(id);
        last = std::max(last, latest_end(*state.find_job(id), *state.config));
      }
    }
  }
  return {static_cast<std::int64_t>(leaving.size()), last};
}

}  // namespace

// Starts the job on its place once all have left it; nobody else does meanwhile.
void Pass::start_where_kept(const QueueEntry& entry, const Job& job) {
  if (const auto hit = in_.state.running.blocked(entry.use)) return say_limit(job.id, *hit);
  const std::vector<Component>& components = job.request->components;
  in_.kept.lift(job.id);
  const bool all_free =
      std::ranges::all_of(job.claim->allocation.nodes, [&](const NodeShare& share) {
        return is_free(in_.machine, share, components[share.component]);
      });
  if (all_free) {
    for (const NodeShare& share : job.claim->allocation.nodes) in_.machine.book(share);
    start(entry, job.claim->allocation);
  } else {
    const auto [leaving, last] = leaving_for(in_.state, job);
    if (leaving > 0) plan_.estimates[job.id] = last;
    plan_.reasons.set(job.id, Reason{ReasonKind::kPreempting, leaving, 0, 0, {}});
  }
  in_.kept.lay(job.id);
}

// The job has found no room: others of a lower class may have to make it, or those that use what
// its project is guaranteed.
void Pass::preempt_for(const QueueEntry& entry, const Job& job) {
  if (preemptions_left_ == 0 || job.claim) return;
  if (!may_preempt(*in_.state.config, job) && !may_be_owed(in_.state, job)) return;
  if (in_.state.running.blocked(entry.use)) return;
  --preemptions_left_;
  const std::optional<std::size_t> promise = promise_of(job.id);
  if (promise) let_go(in_.machine, in_.promises[*promise]);
  const Run run{order_.now, entry.length};
  VictimChoice choice =
      choose_victims(in_.machine, in_.placer, {job, *in_.demands.row(entry).demand, run});
  if (promise) hold(in_.machine, in_.promises[*promise]);
  if (choice.again) plan_.again = std::min(plan_.again.value_or(*choice.again), *choice.again);
  if (choice.victims.empty()) return;
  ProposedPreemption proposal{job.id, std::move(choice.allocation), {}};
  for (const JobId victim : choice.victims) {
    proposal.victims.push_back({victim, in_.state.find_job(victim)->attempt->number});
  }
  in_.kept.keep(job.id, proposal.allocation, run.from + run.length);
  plan_.proposals.preemptions.push_back(std::move(proposal));
}

}  // namespace usine
