#include "scheduler/core/derived.h"

#include <algorithm>

#include "common/check.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

void reset_to_whole(Node& node, const NodeShape& shape) {
  node.free_cores = CoreSet::first(shape.cores.size());
  node.free_gpus = shape.present_gpus();
  node.free_memory_mib = shape.memory_mib();
}

void take(Node& node, const NodeShare& share) {
  node.free_cores -= share.cores;
  node.free_gpus -= share.gpus;
  node.free_memory_mib -= share.memory_mib;
}

// An array of which every task has had its start waits for nothing itself.
bool has_waiting_part(const State& state, const Job& job) {
  const auto tasks = state.arrays.find(job.id);
  return tasks == state.arrays.end() || !tasks->second.pending.empty();
}

// The deadlines of a job that has ended depend on whether others wait for it.
void add_dependent(State& state, JobId parent, JobId job) {
  const auto found = state.jobs.find(parent);
  const bool first =
      found != state.jobs.end() && found->second.ended && !state.dependents.contains(parent);
  if (first) remove_deadlines(state, found->second);
  state.dependents[parent].insert(job);
}

void remove_dependent(State& state, JobId parent, JobId job) {
  const auto dependents = state.dependents.find(parent);
  if (dependents == state.dependents.end() || dependents->second.erase(job) == 0) return;
  if (!dependents->second.empty()) return;
  state.dependents.erase(dependents);
  const auto found = state.jobs.find(parent);
  if (found != state.jobs.end() && found->second.ended) add_deadlines(state, found->second);
}

}  // namespace

void recompute_node(State& state, NodeId id) {
  Node& node = state.nodes[id.value];
  reset_to_whole(node, state.shape_of(id));
  for (const JobId job : node.jobs) {
    const Attempt& attempt = *state.jobs.at(job).attempt;
    take(node, attempt.allocation.nodes[*index_of(attempt, id)]);
  }
}

void book_share(State& state, JobId job, const NodeShare& share) {
  Node& node = state.nodes[share.node.value];
  CHECK_THAT(node.free_cores.includes(share.cores));
  CHECK_THAT(node.free_gpus.includes(share.gpus));
  CHECK_THAT(node.free_memory_mib >= share.memory_mib);
  take(node, share);
  CHECK_THAT(node.jobs.insert(job).second);
}

void release_share(State& state, JobId job, const NodeShare& share) {
  Node& node = state.nodes[share.node.value];
  CHECK_THAT(node.jobs.erase(job) == 1);
  // From the shape, not by adding up: the node may have come back with less than it had.
  recompute_node(state, share.node);
}

std::vector<Deadline> deadlines_of(const State& state, const Job& job) {
  const Timings& timings = state.config->timings;
  if (job.ended) {
    // What others wait for is known for as long as they do, of an array task by task.
    if (state.dependents.contains(job.id)) return {};
    return {{*job.ended + timings.keep_finished, DeadlineKind::kForget, job.id}};
  }
  if (!job.attempt) {
    std::vector<Deadline> deadlines;
    if (const auto latest = latest_start(job); latest && has_waiting_part(state, job)) {
      deadlines.push_back({*latest + Millis{1}, DeadlineKind::kLatestStart, job.id});
    }
    if (job.claim) deadlines.push_back({job.claim->until, DeadlineKind::kClaim, job.id});
    return deadlines;
  }
  if (job.attempt->stop) return {};
  if (!job.attempt->started) {
    const Millis patience = timings.prepare + job.attempt->prolog_limit;
    return {{job.attempt->placed + patience, DeadlineKind::kPrepare, job.id}};
  }
  Time end = *job.attempt->started + job.limit();
  if (job.request->deadline) end = std::min(end, *job.request->deadline);
  std::vector<Deadline> deadlines = {{end, DeadlineKind::kTimeLimit, job.id}};
  if (job.request->warning && !job.attempt->warned) {
    const Time at = std::max(*job.attempt->started, end - job.request->warning->before);
    deadlines.push_back({at, DeadlineKind::kWarning, job.id});
  }
  return deadlines;
}

std::optional<Time> latest_start(const Job& job) {
  if (!job.request->deadline) return std::nullopt;
  return *job.request->deadline - job.limit();
}

void add_deadlines(State& state, const Job& job) {
  for (const Deadline& deadline : deadlines_of(state, job)) state.deadlines.insert(deadline);
}

void remove_deadlines(State& state, const Job& job) {
  for (const Deadline& deadline : deadlines_of(state, job)) state.deadlines.erase(deadline);
}

void link_job(State& state, const Job& job) {
  Namesakes& namesakes = state.namesakes[{job.request->user, job.request->name}];
  namesakes.unfinished.insert(job.id);
  if (job.attempt) namesakes.active.insert(job.id);
  for (const Dependency& item : job.dependencies.wanted.items) {
    if (item.kind != DependencyKind::kSingleton) add_dependent(state, item.job, job.id);
  }
}

void unlink_job(State& state, const Job& job) {
  const auto namesakes = state.namesakes.find({job.request->user, job.request->name});
  if (namesakes != state.namesakes.end()) {
    namesakes->second.unfinished.erase(job.id);
    namesakes->second.active.erase(job.id);
    if (namesakes->second.unfinished.empty()) state.namesakes.erase(namesakes);
  }
  for (const Dependency& item : job.dependencies.wanted.items) {
    if (item.kind != DependencyKind::kSingleton) remove_dependent(state, item.job, job.id);
  }
}

void renew_eligibility(Job& job, Time at) {
  if (job.eligible_since) {
    job.waited = std::max(job.waited, at - *job.eligible_since);
    job.eligible_since.reset();
  }
  const DependencyStatus others = job.dependencies.verdict();
  const bool eligible = job.state == JobState::kPending && job.hold == HoldKind::kNone &&
                        others.phase == DependencyPhase::kMet;
  if (!eligible) return;
  job.eligible_since = std::max({at, job.not_before.value_or(at), others.from}) - job.waited;
}

void rebuild_derived(State& state) {
  state.deadlines.clear();
  state.node_by_name.clear();
  state.awaited_by.clear();
  state.claimed_by.clear();
  state.dependents.clear();
  state.namesakes.clear();
  state.reservation_turns.clear();
  for (const auto& [name, one] : state.reservations) {
    state.reservation_turns.insert({next_turn(one), name});
  }
  if (!state.config) return;
  state.running.reset(state.config);
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    state.node_by_name[state.config->nodes[i].name] = NodeId{i};
    state.nodes[i].jobs.clear();
  }
  for (const auto& [id, job] : state.jobs) {
    add_deadlines(state, job);
    for (const NodeId node : job.awaiting_fence) state.awaited_by[node].insert(id);
    if (!is_final(job.state)) link_job(state, job);
    if (job.claim) {
      for (const NodeShare& share : job.claim->allocation.nodes) {
        state.claimed_by[share.node].insert(id);
      }
    }
    if (!job.attempt) continue;
    state.running.take(state.running.use_of(job));
    for (std::size_t i = 0; i < job.attempt->nodes.size(); ++i) {
      if (job.attempt->nodes[i].phase == NodePhase::kEnded) continue;
      state.nodes[job.attempt->allocation.nodes[i].node.value].jobs.insert(id);
    }
  }
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) recompute_node(state, NodeId{i});
}

}  // namespace usine
