// What follows from an event beyond the state: messages for agents and rows for the books.
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/core/messages.h"
#include "scheduler/engine/engine.h"

namespace usine {
namespace {

using Effects = std::vector<AgentEffect>;

template <typename AnyEvent>
Effects on(const State&, const AnyEvent&) {
  return {};
}

Effects on(const State& state, const AttemptPlaced& event) {
  const Job& job = *state.find_job(event.job);
  const JobNodes nodes = job_nodes(state, job);
  Effects effects;
  effects.reserve(event.allocation.nodes.size());
  for (std::uint32_t i = 0; i < event.allocation.nodes.size(); ++i) {
    effects.push_back({event.allocation.nodes[i].node, prepare_message(state, job, i, nodes)});
  }
  return effects;
}

Effects on(const State& state, const AttemptStarted& event) {
  const Job& job = *state.find_job(event.key.job);
  const std::vector<NodeShare>& shares = job.attempt->allocation.nodes;
  Effects effects;
  effects.reserve(shares.size());
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    effects.push_back({shares[i].node, start_message(state, job, i)});
  }
  return effects;
}

Effects on(const State& state, const StopRequested& event) {
  const Job& job = *state.find_job(event.key.job);
  const Stop message = stop_message(state, job);
  Effects effects;
  for (std::size_t i = 0; i < job.attempt->nodes.size(); ++i) {
    if (job.attempt->nodes[i].phase == NodePhase::kEnded) continue;
    effects.push_back({job.attempt->allocation.nodes[i].node, message});
  }
  return effects;
}

// The head alone knows the steps, and passes the signal on to their nodes.
Effects on(const State& state, const AttemptSignalled& event) {
  const Job& job = *state.find_job(event.key.job);
  return {{job.attempt->allocation.nodes.front().node, signal_message(state, job)}};
}

Effects on(const State& state, const SuspensionSet& event) {
  const Job& job = *state.find_job(event.key.job);
  const Suspend message = suspend_message(state, job);
  Effects effects;
  for (std::size_t i = 0; i < job.attempt->nodes.size(); ++i) {
    if (job.attempt->nodes[i].phase == NodePhase::kEnded) continue;
    effects.push_back({job.attempt->allocation.nodes[i].node, message});
  }
  return effects;
}

// A lost node is told nothing: its agent must first end what may still run there (Welcome::keep).
Effects on(const State& state, const AttemptNodeEnded& event) {
  if (event.exit.cause == EndCause::kLost) return {};
  const Attempt& attempt = *state.find_attempt(event.key);
  return {{attempt.allocation.nodes[event.index].node, Forget{event.key, state.epoch}}};
}

// What every row of a job says, whatever became of it.
HistoryRow row_of_job(const State& state, const Job& job) {
  HistoryRow row;
  row.name = job.request->name;
  row.user = job.request->user;
  row.project = job.request->project;
  row.partition = state.config->partitions[job.partition.value].name;
  row.submitted = job.submitted;
  row.array_id = job.array_id;
  row.array_index = job.array_index;
  return row;
}

}  // namespace

std::vector<AgentEffect> effects_of(const State& after, const Event& event) {
  return std::visit([&after](const auto& one) { return on(after, one); }, event);
}

HistoryRow history_row(const State& after, const AttemptEnded& event) {
  const Attempt& attempt = *after.find_attempt(event.key);
  HistoryRow row = row_of_job(after, *after.find_job(event.key.job));
  row.key = event.key;
  row.state = event.outcome;
  row.exit = event.exit;
  if (attempt.stop) row.message = attempt.stop->text;
  row.started = attempt.started;
  row.ended = event.at;
  row.elapsed = attempt.nodes.front().elapsed;
  row.nodes = static_cast<std::uint32_t>(attempt.allocation.nodes.size());
  row.gpus = attempt.allocation.total_gpus();
  row.cores = attempt.allocation.total_cores();
  row.node_list = node_list(after, attempt.allocation);
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    const AttemptNode& node = attempt.nodes[i];
    row.peak_memory_mib = std::max(row.peak_memory_mib, node.peak_memory_mib);
    const auto gpus = static_cast<std::int64_t>(attempt.allocation.nodes[i].gpus.count());
    row.gpu_ms += gpus * node.elapsed.count();
    const auto cores = static_cast<std::int64_t>(attempt.allocation.nodes[i].cores.count());
    row.core_ms += cores * node.elapsed.count();
    row.use.add(node.use);
  }
  return row;
}

HistoryRow history_row(const State& after, const JobEnded& event) {
  const Job& job = *after.find_job(event.job);
  HistoryRow row = row_of_job(after, job);
  row.key.job = event.job;
  if (job.is_array()) {
    row.key.attempt = AttemptNumber{job.requeues};
    row.started = job.started;
  }
  row.state = event.outcome;
  row.exit = event.exit;
  row.message = event.message;
  row.ended = event.at;
  row.final = true;
  return row;
}

}  // namespace usine
