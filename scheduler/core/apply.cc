// What each event does to a state. One overload an event, in the order of event.h.
#include <utility>

#include "common/check.h"
#include "scheduler/core/decide.h"
#include "scheduler/core/derived.h"

namespace usine {
namespace {

Job& job_of(State& state, JobId id) {
  const auto found = state.jobs.find(id);
  CHECK_THAT(found != state.jobs.end());
  return found->second;
}

Job& job_of_attempt(State& state, AttemptKey key) {
  Job& job = job_of(state, key.job);
  CHECK_THAT(job.attempt && job.attempt->number == key.attempt);
  return job;
}

Node& node_of(State& state, NodeId id) {
  CHECK_THAT(id.value < state.nodes.size());
  return state.nodes[id.value];
}

void set_link(Node& node, NodeLink link, Time at) {
  node.link = link;
  node.link_since = at;
}

// Jobs that wait for this node to be known dead or back wait no longer.
void clear_fence(State& state, NodeId id) {
  const auto waiting = state.awaited_by.find(id);
  if (waiting == state.awaited_by.end()) return;
  for (const JobId job : waiting->second) job_of(state, job).awaiting_fence.erase(id);
  state.awaited_by.erase(waiting);
}

void stop_awaiting(State& state, const Job& job) {
  for (const NodeId node : job.awaiting_fence) {
    const auto waiting = state.awaited_by.find(node);
    waiting->second.erase(job.id);
    if (waiting->second.empty()) state.awaited_by.erase(waiting);
  }
}

// The attempt is over: what `usine show job` still tells of it stays with the job.
void close_attempt(Job& job) {
  if (!job.attempt) return;
  job.last_allocation = std::move(job.attempt->allocation);
  job.started = job.attempt->started;
  job.attempt.reset();
}

void on(State& state, const ClusterConfigured& event) {
  if (state.cluster_uuid.empty()) state.cluster_uuid = event.cluster_uuid;
  CHECK_THAT(event.config->nodes.size() >= state.nodes.size());
  state.config = event.config;
  state.nodes.resize(event.config->nodes.size());
  rebuild_derived(state);
}

void on(State& state, const EpochStarted& event) {
  state.epoch = event.epoch;
  for (Node& node : state.nodes) {
    if (node.link == NodeLink::kUp) set_link(node, NodeLink::kUnreachable, event.at);
  }
}

void on(State& state, const NodeJoined& event) {
  Node& node = node_of(state, event.node);
  node.boot_id = event.boot_id;
  node.shape = event.shape;
  node.fenced = false;
  set_link(node, NodeLink::kUp, event.at);
  clear_fence(state, event.node);
  recompute_node(state, event.node);
}

void on(State& state, const NodeUnreachable& event) {
  set_link(node_of(state, event.node), NodeLink::kUnreachable, event.at);
}

void on(State& state, const NodeLost& event) {
  set_link(node_of(state, event.node), NodeLink::kDown, event.at);
}

void on(State& state, const NodeFenced& event) {
  node_of(state, event.node).fenced = true;
  clear_fence(state, event.node);
}

void on(State& state, const NodeDrained& event) { node_of(state, event.node).drain = event.drain; }

void on(State& state, const NodeResumed& event) { node_of(state, event.node).drain.reset(); }

void on(State& state, const JobSubmitted& event) {
  Job job;
  job.id = event.job;
  job.request = event.request;
  job.partition = event.partition;
  job.submitted = event.at;
  job.hold = event.request->hold ? HoldKind::kUser : HoldKind::kNone;
  job.not_before = event.request->begin;
  if (!event.request->idempotency_key.empty()) {
    state.idempotency[{event.request->user, event.request->idempotency_key}] = event.job;
  }
  CHECK_THAT(event.job >= state.next_job);
  state.next_job = JobId{event.job.value + 1};
  state.jobs.emplace_hint(state.jobs.end(), event.job, std::move(job));
}

void on(State& state, const JobHeld& event) { job_of(state, event.job).hold = event.hold; }

void on(State& state, const JobReleased& event) {
  Job& job = job_of(state, event.job);
  job.hold = HoldKind::kNone;
}

void on(State& state, const AttemptPlaced& event) {
  Job& job = job_of(state, event.job);
  CHECK_THAT(job.state == JobState::kPending && !job.attempt);
  for (const NodeShare& share : event.allocation.nodes) book_share(state, event.job, share);
  job.state = JobState::kPreparing;
  job.attempts = event.attempt.value;
  job.requeue_text.clear();
  job.not_before.reset();
  Attempt& attempt = job.attempt.emplace();
  attempt.number = event.attempt;
  attempt.epoch = event.epoch;
  attempt.allocation = event.allocation;
  attempt.nodes.resize(event.allocation.nodes.size());
  attempt.placed = event.at;
  add_deadlines(state, job);
}

void on(State& state, const NodePrepared& event) {
  Job& job = job_of_attempt(state, event.key);
  AttemptNode& node = job.attempt->nodes.at(event.index);
  CHECK_THAT(node.phase == NodePhase::kPreparing);
  node.phase = NodePhase::kPrepared;
  node.address = event.address;
}

void on(State& state, const AttemptStarted& event) {
  Job& job = job_of_attempt(state, event.key);
  remove_deadlines(state, job);
  for (AttemptNode& node : job.attempt->nodes) {
    CHECK_THAT(node.phase == NodePhase::kPrepared);
    node.phase = NodePhase::kRunning;
  }
  job.attempt->started = event.at;
  job.started = event.at;
  job.state = JobState::kRunning;
  add_deadlines(state, job);
}

void on(State& state, const StopRequested& event) {
  Job& job = job_of_attempt(state, event.key);
  remove_deadlines(state, job);
  job.attempt->stop = event.stop;
  job.state = JobState::kStopping;
}

void on(State& state, const AttemptNodeEnded& event) {
  Job& job = job_of_attempt(state, event.key);
  AttemptNode& node = job.attempt->nodes.at(event.index);
  CHECK_THAT(node.phase != NodePhase::kEnded);
  node.phase = NodePhase::kEnded;
  node.exit = event.exit;
  node.elapsed = event.elapsed;
  node.peak_memory_mib = event.peak_memory_mib;
  release_share(state, job.id, job.attempt->allocation.nodes[event.index]);
}

// The books are the store's (history); the state changes with JobRequeued or JobEnded, which
// follows.
void on(State& state, const AttemptEnded& event) {
  const Job& job = job_of_attempt(state, event.key);
  for (const AttemptNode& node : job.attempt->nodes) CHECK_THAT(node.phase == NodePhase::kEnded);
}

void on(State& state, const JobRequeued& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  close_attempt(job);
  job.started.reset();
  job.state = JobState::kPending;
  job.requeue_text = event.text;
  job.not_before = event.not_before;
  job.awaiting_fence = event.awaiting_fence;
  job.hold = event.hold;
  if (event.counts) ++job.requeues;
  for (const NodeId node : job.awaiting_fence) state.awaited_by[node].insert(job.id);
}

void on(State& state, const JobEnded& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  stop_awaiting(state, job);
  job.awaiting_fence.clear();
  close_attempt(job);
  job.state = event.outcome;
  job.exit = event.exit;
  job.message = event.message;
  job.ended = event.at;
  add_deadlines(state, job);
}

void on(State& state, const JobForgotten& event) {
  const Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  if (!job.request->idempotency_key.empty()) {
    state.idempotency.erase({job.request->user, job.request->idempotency_key});
  }
  state.jobs.erase(event.job);
}

}  // namespace

void apply_event(State& state, const Event& event) {
  std::visit([&state](const auto& one) { on(state, one); }, event);
}

void advance(State& state, Sequence sequence, Time now) {
  CHECK_THAT(sequence > state.sequence);
  state.sequence = sequence;
  if (now > state.now) state.now = now;
}

}  // namespace usine
