// The life of an attempt: placed, prepared everywhere, started, asked to stop, ended node by node,
// and what becomes of its job.
#include <algorithm>
#include <set>
#include <string>

#include "common/check.h"
#include "scheduler/core/arrays.h"
#include "scheduler/core/decider.h"
#include "scheduler/core/dependencies.h"
#include "scheduler/core/derived.h"
#include "scheduler/core/feasibility.h"
#include "scheduler/core/messages.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

constexpr std::uint32_t kRequeueDoublingsMax = 6;
// What is left of an expedited job's nodes is kept for it so long.
constexpr Millis kExpeditedKeep{10 * 60'000};

// ---- how an attempt ends ----------------------------------------------------------------------

// What becomes of the job once no node has anything left of the attempt.
struct Outcome {
  JobState state = JobState::kCompleted;
  ExitStatus exit;
  std::string message;
  bool requeue = false;
  bool counts = false;     // against requeue_max
  bool expedited = false;  // goes first (B42)
  HoldKind hold = HoldKind::kNone;
  std::set<NodeId> awaiting_fence = {};
};

// The part that says most about why the attempt failed: the first that did not just stop.
const ExitStatus& telling_exit(const Attempt& attempt) {
  for (const AttemptNode& node : attempt.nodes) {
    if (node.exit.cause != EndCause::kStopped && !node.exit.succeeded()) return node.exit;
  }
  return attempt.nodes.front().exit;
}

std::set<NodeId> lost_nodes(const State& state, const Attempt& attempt) {
  std::set<NodeId> lost;
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    const NodeId id = attempt.allocation.nodes[i].node;
    const Node& node = state.node(id);
    const bool is_lost = attempt.nodes[i].exit.cause == EndCause::kLost;
    if (is_lost && node.link == NodeLink::kDown && !node.fenced) lost.insert(id);
  }
  return lost;
}

std::string how_it_failed(const ExitStatus& exit) {
  if (!exit.message.empty()) return "failed (" + exit.message + ")";
  if (exit.signal != 0) return "was ended by signal " + std::to_string(exit.signal);
  return "exited with " + std::to_string(exit.exit_code);
}

// For the fault of a node.
void put_back(Outcome& outcome, const JobRequest& request) {
  outcome.requeue = request.requeue;
  outcome.counts = true;
  outcome.expedited = request.requeue_expedite;
}

Outcome outcome_of_head(const Job& job, const ExitStatus& exit) {
  Outcome outcome{JobState::kFailed, exit, exit.message};
  if (exit.succeeded()) outcome.state = JobState::kCompleted;
  if (exit.cause == EndCause::kOutOfMemory) outcome.state = JobState::kOutOfMemory;
  if (exit.cause == EndCause::kLost || exit.cause == EndCause::kNodeFault) {
    outcome.state = JobState::kNodeFail;
    put_back(outcome, *job.request);
  } else if (outcome.state == JobState::kFailed && job.request->requeue_expedite) {
    outcome.requeue = job.request->requeue;
    outcome.hold = HoldKind::kUser;
    outcome.message = "its script " + how_it_failed(exit) + " and no node of it is to blame";
  }
  return outcome;
}

Outcome outcome_of_loss(const Job& job) {
  Outcome outcome{JobState::kNodeFail, job.attempt->nodes.front().exit, job.attempt->stop->text};
  put_back(outcome, *job.request);
  return outcome;
}

Outcome outcome_of_prepare(const Job& job) {
  const ExitStatus& exit = telling_exit(*job.attempt);
  if (exit.cause == EndCause::kLaunchRefused) {
    return {JobState::kFailed, exit, exit.message};
  }
  Outcome outcome{JobState::kNodeFail, exit, job.attempt->stop->text};
  outcome.requeue = true;
  outcome.counts = true;
  return outcome;
}

Outcome outcome_of(const Job& job) {
  const Attempt& attempt = *job.attempt;
  const ExitStatus& head = attempt.nodes.front().exit;
  const std::string& text = attempt.stop->text;
  switch (attempt.stop->cause) {
    case StopCause::kHeadEnded: return outcome_of_head(job, head);
    case StopCause::kCancelled: return {JobState::kCancelled, head, text};
    case StopCause::kTimeLimit: return {JobState::kTimeout, head, text};
    case StopCause::kNodeLost: return outcome_of_loss(job);
    case StopCause::kPrepareFailed:
    case StopCause::kPrepareTimeout: return outcome_of_prepare(job);
    case StopCause::kPrologFailed: return {JobState::kNodeFail, head, text, true};
    case StopCause::kRequeued: return {JobState::kCancelled, head, text, true};
    case StopCause::kPreempted: return {JobState::kCancelled, head, text, true};
  }
  CHECK_THAT(false);
}

bool failed_there(const AttemptNode& node) {
  return node.exit.cause == EndCause::kLost || node.exit.cause == EndCause::kNodeFault;
}

// The nodes that failed the attempt, where the job could do without them.
std::set<NodeId> nodes_to_avoid(const State& state, const Job& job) {
  const Attempt& attempt = *job.attempt;
  std::set<NodeId> failed;
  JobRequest without = *job.request;
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    const NodeShare& share = attempt.allocation.nodes[i];
    if (!failed_there(attempt.nodes[i])) continue;
    failed.insert(share.node);
    for (Component& part : without.components) {
      part.excluded_nodes.push_back(state.node_name(share.node));
    }
  }
  if (!check_feasible(state, job.partition, without)) failed.clear();
  return failed;
}

// What is left of the attempt's place, for the next one.
Allocation place_left(const State& state, const Attempt& attempt) {
  Allocation left;
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    const NodeShare& share = attempt.allocation.nodes[i];
    if (failed_there(attempt.nodes[i]) || !state.node(share.node).takes_work()) continue;
    if (state.claimed_by.contains(share.node)) continue;  // whose place another has already
    left.nodes.push_back(share);
  }
  return left;
}

JobRequeued requeue_event(const Decider& decider, const Job& job, Outcome outcome) {
  const Timings& timings = decider.state.config->timings;
  JobRequeued event{.job = job.id,
                    .text = std::move(outcome.message),
                    .not_before = std::nullopt,
                    .awaiting_fence = std::move(outcome.awaiting_fence),
                    .hold = outcome.hold,
                    .expedited = outcome.expedited,
                    .counts = outcome.counts,
                    .at = decider.now};
  if (!outcome.counts) return event;
  if (outcome.expedited) {
    event.avoid = nodes_to_avoid(decider.state, job);
  } else {
    const std::uint32_t doublings = std::min(job.requeues, kRequeueDoublingsMax);
    event.not_before = decider.now + timings.requeue_delay * (1 << doublings);
  }
  if (job.requeues + 1 >= timings.requeue_max) event.hold = HoldKind::kRequeueLimit;
  return event;
}

void requeue(Decider& decider, const Job& job, Outcome outcome) {
  const JobRequeued event = requeue_event(decider, job, std::move(outcome));
  Allocation left = place_left(decider.state, *job.attempt);
  decider.emit(event);
  if (!event.expedited || event.hold != HoldKind::kNone || left.nodes.empty()) return;
  decider.emit(JobClaimed{event.job, {std::move(left), decider.now + kExpeditedKeep, true}});
}

void finish_attempt(Decider& decider, AttemptKey key) {
  const Job& job = *decider.state.find_job(key.job);
  Outcome outcome = outcome_of(job);
  // Whatever ended the attempt: on a node that was lost it may still run (B93), if it ever did.
  if (job.attempt->started && !job.request->requeue_unfenced) {
    outcome.awaiting_fence = lost_nodes(decider.state, *job.attempt);
  }
  decider.emit(AttemptEnded{key, outcome.state, outcome.exit, decider.now});
  if (outcome.requeue) {
    requeue(decider, job, std::move(outcome));
  } else {
    decider.emit(JobEnded{key.job, outcome.state, outcome.exit, outcome.message, decider.now});
  }
}

bool all_in_phase(const Attempt& attempt, NodePhase phase) {
  return std::ranges::all_of(attempt.nodes,
                             [phase](const AttemptNode& node) { return node.phase == phase; });
}

// ---- time -------------------------------------------------------------------------------------

std::string unprepared_nodes(const State& state, const Attempt& attempt) {
  std::set<NodeId> late;
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    if (attempt.nodes[i].phase == NodePhase::kPreparing) {
      late.insert(attempt.allocation.nodes[i].node);
    }
  }
  return names_of(state, late);
}

std::string missed_deadline(const Job& job) {
  return "could not have ended before its deadline " + format_time(*job.request->deadline) +
         " any more";
}

void meet_deadline(Decider& decider, const Deadline& deadline) {
  if (deadline.kind == DeadlineKind::kForget) {
    decider.emit(JobForgotten{deadline.job});
    return;
  }
  const Job& job = *decider.state.find_job(deadline.job);
  if (deadline.kind == DeadlineKind::kClaim) {
    decider.emit(ClaimDropped{job.id});
    return;
  }
  if (deadline.kind == DeadlineKind::kLatestStart) {
    decider.emit(end_of_waiting(
        decider.state, {job.id, JobState::kDeadline, {}, missed_deadline(job), decider.now}));
    return;
  }
  const AttemptKey key{job.id, job.attempt->number};
  if (deadline.kind == DeadlineKind::kWarning) {
    decider.emit(AttemptSignalled{key, job.request->warning->what, true});
  } else if (deadline.kind == DeadlineKind::kTimeLimit) {
    request_stop(decider, key, StopCause::kTimeLimit,
                 "reached its time limit of " + format_duration(job.limit()));
  } else {
    request_stop(decider, key, StopCause::kPrepareTimeout,
                 unprepared_nodes(decider.state, *job.attempt) + " did not get ready in time");
  }
}

Admitted tell(NodeId node, ToAgent message) { return {node, {std::move(message)}}; }

}  // namespace

void request_stop(Decider& decider, AttemptKey key, StopCause cause, std::string text) {
  const Attempt& attempt = *decider.state.find_attempt(key);
  if (attempt.stop) {
    // Only a cancellation overrides, and only an end after which the job would start again.
    const StopCause before = attempt.stop->cause;
    const bool would_restart =
        before == StopCause::kRequeued || before == StopCause::kPreempted ||
        before == StopCause::kNodeLost || before == StopCause::kPrepareFailed ||
        before == StopCause::kPrepareTimeout || before == StopCause::kPrologFailed;
    if (cause != StopCause::kCancelled || !would_restart) return;
  }
  decider.emit(StopRequested{key, {cause, std::move(text), decider.now}});
}

void start_epilog(Decider& decider, std::uint32_t index, const Ended& report, Because because) {
  if (decider.state.find_attempt(report.key)->nodes[index].phase == NodePhase::kEpilog) return;
  decider.emit(EpilogStarted{report.key, index, report.exit, report.elapsed, report.peak_memory_mib,
                             report.use});
  request_stop(decider, report.key, because.cause, std::move(because.text));
}

void end_node_part(Decider& decider, std::uint32_t index, const Ended& report, Because because) {
  const AttemptNode& node = decider.state.find_attempt(report.key)->nodes[index];
  // What its processes came to stands, whatever becomes of the node in the middle of the epilog.
  const bool known = node.phase == NodePhase::kEpilog;
  const Ended end =
      known ? Ended{report.key, node.exit, node.elapsed, node.peak_memory_mib, node.use} : report;
  decider.emit(
      AttemptNodeEnded{end.key, index, end.exit, end.elapsed, end.peak_memory_mib, end.use});
  request_stop(decider, report.key, because.cause, std::move(because.text));
  if (all_in_phase(*decider.state.find_attempt(report.key), NodePhase::kEnded)) {
    finish_attempt(decider, report.key);
  }
}

void lose_attempts_of(Decider& decider, NodeId node, const std::string& text) {
  const std::set<JobId> jobs = decider.state.node(node).jobs;
  for (const JobId id : jobs) {
    const Attempt& attempt = *decider.state.find_job(id)->attempt;
    Ended report;
    report.key = {id, attempt.number};
    report.exit = {EndCause::kLost, 0, 0, text};
    // Its agent cannot say: until now its share was taken.
    if (attempt.started) report.elapsed = decider.now - *attempt.started;
    end_node_part(decider, *index_of(attempt, node), report, {StopCause::kNodeLost, text});
  }
}

std::vector<ToAgent> messages_for(const State& state, const Job& job, std::uint32_t index) {
  const AttemptNode& node = job.attempt->nodes[index];
  if (node.phase == NodePhase::kEnded) return {};
  if (job.attempt->stop) return {stop_message(state, job)};
  if (node.phase == NodePhase::kPreparing)
    return {prepare_message(state, job, index, job_nodes(state, job))};
  if (node.phase != NodePhase::kRunning) return {};
  std::vector<ToAgent> messages = {start_message(state, job, index)};
  if (index == 0 && job.attempt->signals > 0) messages.push_back(signal_message(state, job));
  if (job.attempt->was_suspended) messages.push_back(suspend_message(state, job));
  return messages;
}

// An attempt of which the state knows nothing any more: its agent may forget it.
Admitted forget(const Decider& decider, NodeId node, AttemptKey key, const EpilogWord& epilog) {
  if (epilog.runs) return {node, {}};
  return tell(node, Forget{key, decider.state.epoch});
}

// What scripts say of the node is news also where the attempt was lost before they ended.
void heed_orphan(Decider& decider, NodeId node, const std::string& prolog,
                 const EpilogWord& epilog) {
  if (!epilog.of_orphan || epilog.runs) return;
  if (!prolog.empty()) drain_for_fault(decider, node, prolog);
  if (!epilog.failure.empty()) drain_for_fault(decider, node, epilog.failure);
}

// What the end of its part on a node means for the attempt and for the node.
struct Meaning {
  Because because;
  std::string blame;  // why the node is drained; empty: it is not
};

// What stood for the attempt on a node is over; its epilog may have to run yet.
void take_end(Decider& decider, std::uint32_t index, const Ended& report, Meaning meaning) {
  const Attempt& attempt = *decider.state.find_attempt(report.key);
  const NodeId node = attempt.allocation.nodes[index].node;
  const bool first_word = attempt.nodes[index].phase != NodePhase::kEpilog;
  if (first_word && !meaning.blame.empty()) drain_for_fault(decider, node, meaning.blame);
  if (report.epilog.runs) return start_epilog(decider, index, report, std::move(meaning.because));
  if (!report.epilog.failure.empty()) drain_for_fault(decider, node, report.epilog.failure);
  end_node_part(decider, index, report, std::move(meaning.because));
}

Result<Reply> decide_prepared(Decider& decider, const AgentPrepared& command) {
  const Prepared& report = command.report;
  const Attempt* attempt = decider.state.find_attempt(report.key);
  const auto index = attempt != nullptr ? index_of(*attempt, command.node) : std::nullopt;
  if (!index || attempt->nodes[*index].phase == NodePhase::kEnded) {
    if (!report.ok) {
      heed_orphan(decider, command.node, report.prolog_failed ? report.message : "", report.epilog);
      return forget(decider, command.node, report.key, report.epilog);
    }
    return tell(command.node, Stop{report.key, decider.state.epoch, Millis{0}});
  }
  const NodePhase phase = attempt->nodes[*index].phase;
  if (report.ok) {
    if (phase != NodePhase::kPreparing) return Done{};  // said twice
    decider.emit(NodePrepared{report.key, *index, report.address});
    if (!attempt->stop && all_in_phase(*attempt, NodePhase::kPrepared)) {
      decider.emit(AttemptStarted{report.key, decider.now});
    }
    return Done{};
  }
  if (phase != NodePhase::kPreparing && phase != NodePhase::kEpilog) return Done{};
  Ended ended;
  ended.key = report.key;
  ended.exit.cause = report.node_fault ? EndCause::kNodeFault : EndCause::kLaunchRefused;
  ended.exit.message = report.message;
  ended.epilog = report.epilog;
  const std::string text = decider.state.node_name(command.node) + ": " + report.message;
  const StopCause cause =
      report.prolog_failed ? StopCause::kPrologFailed : StopCause::kPrepareFailed;
  take_end(decider, *index, ended, {{cause, text}, report.node_fault ? report.message : ""});
  return Done{};
}

Result<Reply> decide_ended(Decider& decider, const AgentEnded& command) {
  const Ended& report = command.report;
  const Attempt* attempt = decider.state.find_attempt(report.key);
  const auto index = attempt != nullptr ? index_of(*attempt, command.node) : std::nullopt;
  if (!index || attempt->nodes[*index].phase == NodePhase::kEnded) {
    heed_orphan(decider, command.node, {}, report.epilog);
    return forget(decider, command.node, report.key, report.epilog);
  }
  Because because{StopCause::kHeadEnded, report.exit.message};
  if (*index != 0 || !attempt->started) {
    because = {StopCause::kNodeLost, "node " + decider.state.node_name(command.node) +
                                         " ended its part early: " + report.exit.message};
  }
  if (!attempt->started && report.exit.cause == EndCause::kLaunchRefused) {
    because.cause = StopCause::kPrepareFailed;  // as it would have said itself, had its agent lived
  }
  const bool node_fault = report.exit.cause == EndCause::kNodeFault;
  take_end(decider, *index, report, {std::move(because), node_fault ? report.exit.message : ""});
  return Done{};
}

Result<Reply> decide_tick(Decider& decider) {
  turn_reservations(decider);
  while (!decider.state.deadlines.empty()) {
    const Deadline deadline = *decider.state.deadlines.begin();
    if (deadline.at > decider.now) break;
    meet_deadline(decider, deadline);
    follow_dependencies(decider);
  }
  return Done{};
}

}  // namespace usine
