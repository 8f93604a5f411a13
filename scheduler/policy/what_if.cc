#include "scheduler/policy/what_if.h"

#include <algorithm>
#include <set>
#include <utility>

#include "scheduler/core/decide.h"
#include "scheduler/core/derived.h"
#include "scheduler/policy/forecast.h"
#include "scheduler/policy/variations.h"

namespace usine {
namespace {

// Those that run or have nodes kept for them.
std::set<JobId> jobs_on_nodes(const State& state) {
  std::set<JobId> jobs;
  for (const Node& node : state.nodes) jobs.insert(node.jobs.begin(), node.jobs.end());
  for (const auto& [node, claimants] : state.claimed_by) {
    jobs.insert(claimants.begin(), claimants.end());
  }
  return jobs;
}

// What a variation is tried against.
struct Trial {
  const State& state;
  JobId job;
  Time now;
  std::optional<Time> start;  // of the job as it is
};

// When the varied job would start, where that is sooner than as it is.
std::optional<Time> try_variation(const Trial& trial, const Variation& variation) {
  State state = trial.state;
  const JobId id = trial.job;
  const Job& job = *state.find_job(id);
  const Caller owner{job.request->user, job.request->uid, job.request->gid, false};
  JobId tried = id;
  if (variation.limit) {
    apply_event(state, JobLimitSet{id, *variation.limit});
  } else {
    apply_event(state, JobEnded{id, JobState::kCancelled, {}, {}, trial.now});
    const Decision taken = decide(state, SubmitJob{owner, variation.request, false, {}}, trial.now);
    if (!taken.reply) return std::nullopt;
    tried = std::get<Submitted>(*taken.reply).job;
  }
  const Forecast found = forecast_job(std::move(state), tried, trial.now, trial.start);
  const bool sooner = found.start && (!trial.start || *found.start < *trial.start);
  return sooner ? found.start : std::nullopt;
}

}  // namespace

State trial_state(const State& state, const Job& job, std::span<const JobId> ahead) {
  State trial;
  trial.cluster_uuid = state.cluster_uuid;
  trial.epoch = state.epoch;
  trial.sequence = state.sequence;
  trial.now = state.now;
  trial.next_job = state.next_job;
  trial.config = state.config;
  trial.nodes = state.nodes;
  trial.reservations = state.reservations;
  std::set<JobId> kept = jobs_on_nodes(state);
  kept.insert(ahead.begin(), ahead.end());
  kept.insert(job.id);
  for (const JobId id : kept) {
    const Job& other = *state.find_job(id);
    trial.jobs.emplace(id, other);
    // A task needs the books of its array, which they keep by themselves.
    const JobId array = other.is_task() ? other.array_id : id;
    const auto tasks = state.arrays.find(array);
    if (tasks == state.arrays.end()) continue;
    trial.arrays.insert(*tasks);
    trial.jobs.insert(*state.jobs.find(array));
  }
  rebuild_derived(trial);
  return trial;
}

WhatIf what_if(const State& trial, JobId id, Time now) {
  now = std::max(now, trial.now);
  WhatIf found;
  found.start = forecast_job(trial, id, now).start;
  std::set<VariationGroup> helped;
  for (const Variation& variation : variations_of(trial, *trial.find_job(id), now)) {
    const bool alternative =
        variation.group == VariationGroup::kLimit || variation.group == VariationGroup::kNodes;
    if (alternative && helped.contains(variation.group)) continue;
    const auto start = try_variation({trial, id, now, found.start}, variation);
    if (!start) continue;
    helped.insert(variation.group);
    found.changes.push_back({variation.option, *start, !variation.limit});
  }
  std::ranges::stable_sort(found.changes, {}, &Change::start);
  return found;
}

}  // namespace usine
