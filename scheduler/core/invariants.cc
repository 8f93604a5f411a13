// check_invariants: the rules that every state keeps, each written as plainly as it can be, without
// the functions that keep them.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core/dependencies.h"
#include "scheduler/core/derived.h"
#include "scheduler/core/state.h"

namespace usine {
namespace {

using Faults = std::vector<std::string>;

std::string job_text(const Job& job) { return "job " + std::to_string(job.id.value); }

void check_phases(const Job& job, Faults& faults) {
  const Attempt& attempt = *job.attempt;
  if (attempt.nodes.size() != attempt.allocation.nodes.size()) {
    faults.push_back(job_text(job) + ": nodes and allocation differ in length");
  }
  for (const AttemptNode& node : attempt.nodes) {
    const bool early = node.phase == NodePhase::kPreparing || node.phase == NodePhase::kPrepared;
    if (job.state == JobState::kRunning && node.phase != NodePhase::kRunning) {
      faults.push_back(job_text(job) + ": running with a node that is not");
    }
    if (job.state == JobState::kPreparing && !early) {
      faults.push_back(job_text(job) + ": preparing with a node beyond that");
    }
    if (attempt.started && early) {
      faults.push_back(job_text(job) + ": started before every node was prepared (B28)");
    }
  }
  if ((job.state == JobState::kStopping) != attempt.stop.has_value()) {
    faults.push_back(job_text(job) + ": stopping and its stop request disagree");
  }
}

void check_job(const State& state, const Job& job, Faults& faults) {
  const bool active = job.state == JobState::kPreparing || job.state == JobState::kRunning ||
                      job.state == JobState::kStopping;
  if (!job.is_array() && active != job.attempt.has_value()) {
    faults.push_back(job_text(job) + ": state and attempt disagree");
  }
  if (is_final(job.state) != job.ended.has_value()) {
    faults.push_back(job_text(job) + ": state and end time disagree");
  }
  if (job.id >= state.next_job) faults.push_back(job_text(job) + ": its id could be given again");
  if (job.state != JobState::kPending && !job.awaiting_fence.empty()) {
    faults.push_back(job_text(job) + ": awaits a fence and does not wait");
  }
  if (job.attempt && job.attempt->number.value != job.attempts) {
    faults.push_back(job_text(job) + ": attempt number and count differ");
  }
  if (job.state == JobState::kPending && !statuses_are_current(state, job)) {
    faults.push_back(job_text(job) + ": where its dependencies stand is not what the state says");
  }
  if (job.attempt) check_phases(job, faults);
}

// The tasks of every array that has not been forgotten, told from the jobs alone.
std::map<JobId, ArrayTasks> tasks_from_jobs(const State& state) {
  std::map<JobId, ArrayTasks> seen;
  for (const auto& [id, job] : state.jobs) {
    if (!job.is_task() || job.ended) continue;
    ArrayTasks& tasks = seen[job.array_id];
    tasks.live.emplace(*job.request->array->position_of(job.array_index), id);
    if (!job.attempt) tasks.waiting.insert(id);
  }
  return seen;
}

// Every task is at one place, and the array ends with the last of them.
void check_array(const Job& job, const ArrayTasks& tasks, Faults& faults) {
  std::uint64_t placed = tasks.pending.count();
  IntervalSet all = tasks.pending;
  for (const auto& [position, task] : tasks.live) {
    all.insert(position);
    ++placed;
  }
  for (const auto& [outcome, positions] : tasks.ended) {
    if (!is_final(outcome)) faults.push_back(job_text(job) + ": tasks ended in no final state");
    all.insert_all(positions);
    placed += positions.count();
  }
  const std::uint64_t count = job.request->array->count();
  if (all != IntervalSet::first_numbers(count) || placed != count) {
    faults.push_back(job_text(job) + ": a task is at two places or at none (B24)");
  }
  if (job.attempt) faults.push_back(job_text(job) + ": an array has an attempt of its own");
  const bool through = tasks.pending.empty() && tasks.live.empty();
  if (through != is_final(job.state)) {
    faults.push_back(job_text(job) + ": the array and its tasks do not end together");
  }
  if (!through && (job.state == JobState::kPending) == tasks.pending.empty()) {
    faults.push_back(job_text(job) + ": the array waits and its tasks do not, or the reverse");
  }
}

void check_arrays(const State& state, Faults& faults) {
  std::map<JobId, ArrayTasks> seen = tasks_from_jobs(state);
  for (const auto& [id, job] : state.jobs) {
    if (!job.is_array()) continue;
    const auto found = state.arrays.find(id);
    if (found == state.arrays.end()) {
      faults.push_back(job_text(job) + ": an array without tasks");
      continue;
    }
    const ArrayTasks& tasks = found->second;
    if (tasks.live != seen[id].live || tasks.waiting != seen[id].waiting) {
      faults.push_back(job_text(job) + ": its tasks and their jobs disagree");
    }
    check_array(job, tasks, faults);
  }
  for (const auto& [id, tasks] : state.arrays) {
    if (!state.jobs.contains(id)) faults.emplace_back("tasks of an array that is not there");
  }
}

// No core, GPU or MiB is held twice, and what is free is what no attempt holds.
void check_node(const State& state, NodeId id, const std::vector<const NodeShare*>& shares,
                Faults& faults) {
  const std::string& name = state.node_name(id);
  const NodeShape& shape = state.shape_of(id);
  CoreSet cores = CoreSet::first(shape.cores.size());
  const GpuSet gpus = shape.present_gpus();
  CoreSet held_cores;
  GpuSet held_gpus;
  std::int64_t memory = shape.memory_mib();
  for (const NodeShare* share : shares) {
    if (held_cores.intersects(share->cores)) faults.push_back(name + ": a core is held twice");
    if (held_gpus.intersects(share->gpus)) faults.push_back(name + ": a GPU is held twice");
    held_cores |= share->cores;
    held_gpus |= share->gpus;
    memory -= share->memory_mib;
  }
  const Node& node = state.node(id);
  if (node.free_cores != cores - held_cores) faults.push_back(name + ": free cores are wrong");
  if (node.free_gpus != gpus - held_gpus) faults.push_back(name + ": free GPUs are wrong");
  if (node.free_memory_mib != memory) faults.push_back(name + ": free memory is wrong");
  if (node.jobs.size() != shares.size()) faults.push_back(name + ": its list of jobs is wrong");
}

void check_run_times(const RunTimes& times, Faults& faults) {
  if (times.scripts().size() > RunTimes::kScriptsMax) {
    faults.emplace_back("run times of too many scripts are kept");
  }
  std::set<std::uint64_t> newest;
  for (const auto& [script, known] : times.scripts()) {
    const std::string name = script.user + "'s " + script.name;
    if (known.runs.empty() || known.runs.size() > RunTimes::kRunsKept ||
        std::ranges::min(known.runs) <= Seconds{0}) {
      faults.push_back(name + ": its run times are not what runs can have taken");
    }
    if (known.newest > times.learned() || !newest.insert(known.newest).second) {
      faults.push_back(name + ": two scripts have learned from one run");
    }
  }
}

void check_rebuilt(const State& state, Faults& faults) {
  State fresh = state;
  rebuild_derived(fresh);
  if (fresh.deadlines != state.deadlines) faults.emplace_back("deadlines differ from rebuilt ones");
  if (fresh.awaited_by != state.awaited_by) faults.emplace_back("awaited_by differs from rebuilt");
  if (fresh.reservation_turns != state.reservation_turns) {
    faults.emplace_back("reservation turns differ from rebuilt");
  }
  if (fresh.dependents != state.dependents) faults.emplace_back("dependents differ from rebuilt");
  if (fresh.namesakes != state.namesakes) faults.emplace_back("namesakes differ from rebuilt");
  if (fresh.claimed_by != state.claimed_by) faults.emplace_back("claimed_by differs from rebuilt");
  if (fresh.running.counts() != state.running.counts()) {
    faults.emplace_back("what limits count differs from what runs");
  }
  if (fresh.node_by_name != state.node_by_name) faults.emplace_back("node_by_name is stale");
}

}  // namespace

std::vector<std::string> check_invariants(const State& state) {
  Faults faults;
  if (!state.config) return faults;
  std::map<NodeId, std::vector<const NodeShare*>> held;
  for (const auto& [id, job] : state.jobs) {
    if (job.id != id) faults.push_back(job_text(job) + ": stands under another id");
    check_job(state, job, faults);
    if (!job.attempt) continue;
    for (std::size_t i = 0; i < job.attempt->nodes.size(); ++i) {
      if (job.attempt->nodes[i].phase == NodePhase::kEnded) continue;
      const NodeShare& share = job.attempt->allocation.nodes[i];
      held[share.node].push_back(&share);
    }
  }
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    check_node(state, NodeId{i}, held[NodeId{i}], faults);
  }
  check_arrays(state, faults);
  check_run_times(state.run_times, faults);
  check_rebuilt(state, faults);
  return faults;
}

}  // namespace usine
