// What each event does to a state. One overload an event, in the order of event.h.
#include <algorithm>
#include <utility>

#include "common/check.h"
#include "scheduler/core/arrays.h"
#include "scheduler/core/decide.h"
#include "scheduler/core/derived.h"
#include "scheduler/core/reservations.h"

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

void drop_claim(State& state, Job& job) {
  if (!job.claim) return;
  for (const NodeShare& share : job.claim->allocation.nodes) {
    const auto claimants = state.claimed_by.find(share.node);
    claimants->second.erase(job.id);
    if (claimants->second.empty()) state.claimed_by.erase(claimants);
  }
  job.claim.reset();
}

// The attempt is over: what `usine show job` still tells of it stays with the job.
void close_attempt(State& state, Job& job) {
  if (!job.attempt) return;
  on_attempt_changed(state, job, false);
  state.running.give_back(state.running.use_of(job));
  job.last_allocation = std::move(job.attempt->allocation);
  job.started = job.attempt->started;
  job.attempt.reset();
}

// A run that others cut short says nothing of how long its script takes.
void learn_run_time(State& state, const Job& job, const JobEnded& event) {
  const bool by_itself =
      event.outcome == JobState::kCompleted || event.outcome == JobState::kFailed ||
      event.outcome == JobState::kTimeout || event.outcome == JobState::kOutOfMemory;
  if (!by_itself || !job.attempt || !job.attempt->started) return;
  state.run_times.learn(script_of(*job.request), event.at - *job.attempt->started);
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
  node.prolog_limit = event.prolog_limit;
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
  job.qos = event.qos;
  job.submitted = event.at;
  job.hold = event.request->hold ? HoldKind::kUser : HoldKind::kNone;
  job.not_before = event.request->begin;
  job.dependencies = {event.request->dependencies, event.dependencies};
  CHECK_THAT(event.dependencies.size() == event.request->dependencies.items.size());
  job.expected_run = state.run_times.expected(script_of(*event.request));
  renew_eligibility(job, event.at);
  if (!event.request->idempotency_key.empty()) {
    state.idempotency[{event.request->user, event.request->idempotency_key}] = event.job;
  }
  CHECK_THAT(event.job >= state.next_job);
  state.next_job = JobId{event.job.value + 1};
  on_array_submitted(state, job);
  const auto place = state.jobs.emplace_hint(state.jobs.end(), event.job, std::move(job));
  link_job(state, place->second);
  add_deadlines(state, place->second);
}

void on(State& state, const JobHeld& event) {
  Job& job = job_of(state, event.job);
  job.hold = event.hold;
  if (job.eligible_since) job.eligible_before_hold = job.eligible_since;
  renew_eligibility(job, event.at);
}

void on(State& state, const JobReleased& event) {
  Job& job = job_of(state, event.job);
  job.hold = HoldKind::kNone;
  renew_eligibility(job, event.at);
  const auto before = std::exchange(job.eligible_before_hold, std::nullopt);
  if (job.eligible_since && before) job.eligible_since = std::min(*job.eligible_since, *before);
}

void on(State& state, const AttemptPlaced& event) {
  Job& job = job_of(state, event.job);
  CHECK_THAT(job.state == JobState::kPending && !job.attempt);
  remove_deadlines(state, job);
  drop_claim(state, job);
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
  for (const NodeShare& share : event.allocation.nodes) {
    const Millis limit = state.node(share.node).prolog_limit;
    attempt.prolog_limit = std::max(attempt.prolog_limit, limit);
  }
  on_attempt_changed(state, job, true);
  state.running.take(state.running.use_of(job));
  link_job(state, job);
  renew_eligibility(job, event.at);
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

void on(State& state, const AttemptSignalled& event) {
  Job& job = job_of_attempt(state, event.key);
  remove_deadlines(state, job);
  ++job.attempt->signals;
  job.attempt->last_signal = event.what;
  job.attempt->warned = job.attempt->warned || event.warning;
  add_deadlines(state, job);
}

void on(State& state, const SuspensionSet& event) {
  Attempt& attempt = *job_of_attempt(state, event.key).attempt;
  attempt.suspended.reset();
  if (event.suspended) attempt.suspended = event.at;
  attempt.was_suspended = true;
}

// What an end says of a node, be it the last word or the one before the epilog.
template <typename End>
void keep_end(AttemptNode& node, const End& event) {
  node.exit = event.exit;
  node.elapsed = event.elapsed;
  node.peak_memory_mib = event.peak_memory_mib;
  node.use = event.use;
}

void on(State& state, const EpilogStarted& event) {
  AttemptNode& node = job_of_attempt(state, event.key).attempt->nodes.at(event.index);
  CHECK_THAT(node.phase != NodePhase::kEnded && node.phase != NodePhase::kEpilog);
  node.phase = NodePhase::kEpilog;
  keep_end(node, event);
}

void on(State& state, const AttemptNodeEnded& event) {
  Job& job = job_of_attempt(state, event.key);
  AttemptNode& node = job.attempt->nodes.at(event.index);
  CHECK_THAT(node.phase != NodePhase::kEnded);
  node.phase = NodePhase::kEnded;
  keep_end(node, event);
  release_share(state, job.id, job.attempt->allocation.nodes[event.index]);
}

// The books are the store's (history); the state changes with JobRequeued or JobEnded, which
// follows.
void on(State& state, const AttemptEnded& event) {
  const Job& job = job_of_attempt(state, event.key);
  for (const AttemptNode& node : job.attempt->nodes) CHECK_THAT(node.phase == NodePhase::kEnded);
}

void avoid_nodes(const State& state, Job& job, const std::set<NodeId>& nodes) {
  if (nodes.empty()) return;
  auto request = std::make_shared<JobRequest>(*job.request);
  for (Component& part : request->components) {
    for (const NodeId node : nodes) part.excluded_nodes.push_back(state.node_name(node));
  }
  job.request = std::move(request);
}

void on(State& state, const JobRequeued& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  close_attempt(state, job);
  job.started.reset();
  job.state = JobState::kPending;
  job.requeue_text = event.text;
  job.expedited = event.expedited;
  avoid_nodes(state, job, event.avoid);
  job.not_before = event.not_before;
  job.awaiting_fence = event.awaiting_fence;
  job.hold = event.hold;
  if (event.counts) ++job.requeues;
  for (const NodeId node : job.awaiting_fence) state.awaited_by[node].insert(job.id);
  unlink_job(state, job);
  link_job(state, job);
  job.expected_run = state.run_times.expected(script_of(*job.request));
  renew_eligibility(job, event.at);
  add_deadlines(state, job);
}

void on(State& state, const JobEnded& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  drop_claim(state, job);
  stop_awaiting(state, job);
  job.awaiting_fence.clear();
  learn_run_time(state, job, event);
  close_attempt(state, job);
  job.state = event.outcome;
  job.exit = event.exit;
  job.message = event.message;
  job.ended = event.at;
  on_array_job_ended(state, job);
  unlink_job(state, job);
  renew_eligibility(job, event.at);
  add_deadlines(state, job);
}

void on(State& state, const JobForgotten& event) {
  const Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  // A task's request has its array's key.
  const auto key = state.idempotency.find({job.request->user, job.request->idempotency_key});
  if (key != state.idempotency.end() && key->second == event.job) state.idempotency.erase(key);
  state.arrays.erase(event.job);
  state.jobs.erase(event.job);
}

void on(State& state, const JobLimitSet& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  job.new_limit = event.time_limit;
  if (job.attempt) job.attempt->warned = false;  // its end is another one
  add_deadlines(state, job);
}

void on(State& state, const DependencyChanged& event) {
  Job& job = job_of(state, event.job);
  job.dependencies.statuses.at(event.index) = event.status;
  renew_eligibility(job, event.at);
}

void on(State& state, const DependenciesSet& event) {
  Job& job = job_of(state, event.job);
  unlink_job(state, job);
  job.dependencies = event.dependencies;
  link_job(state, job);
  renew_eligibility(job, event.at);
}

void on(State& state, const ArrayTaskStarted& event) {
  remove_deadlines(state, job_of(state, event.array));
  on_task_started(state, event);
  add_deadlines(state, job_of(state, event.array));
}

void on(State& state, const ArrayTasksEnded& event) {
  remove_deadlines(state, job_of(state, event.array));
  on_tasks_ended(state, event);
  add_deadlines(state, job_of(state, event.array));
}

void on(State& state, const ArrayTasksRenewed& event) {
  on_tasks_renewed(state, event);
  const Job& array = job_of(state, event.array);
  link_job(state, array);
  add_deadlines(state, array);
}

void on(State& state, const ArrayLimitSet& event) { on_limit_set(state, event); }

void on(State& state, const JobMarked& event) {
  job_of(state, event.job).checkpoint = event.checkpoint;
}

void on(State& state, const JobClaimed& event) {
  Job& job = job_of(state, event.job);
  CHECK_THAT(job.state == JobState::kPending && !job.claim);
  remove_deadlines(state, job);
  job.claim = event.claim;
  for (const NodeShare& share : event.claim.allocation.nodes) {
    state.claimed_by[share.node].insert(job.id);
  }
  add_deadlines(state, job);
}

void on(State& state, const ClaimDropped& event) {
  Job& job = job_of(state, event.job);
  remove_deadlines(state, job);
  drop_claim(state, job);
  add_deadlines(state, job);
}

NodeReservation& reservation_of(State& state, const std::string& name) {
  const auto found = state.reservations.find(name);
  CHECK_THAT(found != state.reservations.end());
  return found->second;
}

void on(State& state, const ReservationCreated& event) {
  const std::string& name = event.reservation.request.name;
  CHECK_THAT(state.reservations.emplace(name, event.reservation).second);
  state.reservation_turns.insert({next_turn(event.reservation), name});
}

void on(State& state, const ReservationDeleted& event) {
  state.reservation_turns.erase({next_turn(reservation_of(state, event.name)), event.name});
  state.reservations.erase(event.name);
}

void on(State& state, const ReservationTurned& event) {
  NodeReservation& reservation = reservation_of(state, event.name);
  state.reservation_turns.erase({next_turn(reservation), event.name});
  reservation.window = event.window;
  reservation.open = event.open;
  state.reservation_turns.insert({next_turn(reservation), event.name});
}

void on(State& state, const ReservedNodeChanged& event) {
  NodeReservation& reservation = reservation_of(state, event.name);
  reservation.failed.erase(event.node);
  if (event.change == ReservedNodeChange::kFailed) reservation.failed.insert(event.node);
  if (event.change != ReservedNodeChange::kReplaced) return;
  reservation.nodes.erase(event.node);
  reservation.nodes.insert(event.replacement);
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
