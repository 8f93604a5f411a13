#include "scheduler/core/derived.h"

#include "common/check.h"

namespace usine {
namespace {

void reset_to_whole(Node& node, const NodeShape& shape) {
  node.free_cores = CoreSet::first(shape.cores.size());
  node.free_gpus = GpuSet::first(shape.gpus.size());
  node.free_memory_mib = shape.memory_mib();
}

void take(Node& node, const NodeShare& share) {
  node.free_cores -= share.cores;
  node.free_gpus -= share.gpus;
  node.free_memory_mib -= share.memory_mib;
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
  if (job.ended) return {{*job.ended + timings.keep_finished, DeadlineKind::kForget, job.id}};
  if (!job.attempt || job.attempt->stop) return {};
  if (!job.attempt->started) {
    return {{job.attempt->placed + timings.prepare, DeadlineKind::kPrepare, job.id}};
  }
  return {{*job.attempt->started + job.request->time_limit, DeadlineKind::kTimeLimit, job.id}};
}

void add_deadlines(State& state, const Job& job) {
  for (const Deadline& deadline : deadlines_of(state, job)) state.deadlines.insert(deadline);
}

void remove_deadlines(State& state, const Job& job) {
  for (const Deadline& deadline : deadlines_of(state, job)) state.deadlines.erase(deadline);
}

void rebuild_derived(State& state) {
  state.deadlines.clear();
  state.node_by_name.clear();
  state.awaited_by.clear();
  if (!state.config) return;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    state.node_by_name[state.config->nodes[i].name] = NodeId{i};
    state.nodes[i].jobs.clear();
  }
  for (const auto& [id, job] : state.jobs) {
    add_deadlines(state, job);
    for (const NodeId node : job.awaiting_fence) state.awaited_by[node].insert(id);
    if (!job.attempt) continue;
    for (std::size_t i = 0; i < job.attempt->nodes.size(); ++i) {
      if (job.attempt->nodes[i].phase == NodePhase::kEnded) continue;
      state.nodes[job.attempt->allocation.nodes[i].node.value].jobs.insert(id);
    }
  }
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) recompute_node(state, NodeId{i});
}

}  // namespace usine
