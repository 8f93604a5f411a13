// What the outside asks of the core, as plain values: users' calls, agents' reports, the planner's
// proposals, and time itself. A command is journalled with the events it caused, so that a recorded
// stream of commands replays to the same decisions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "model/agent_messages.h"
#include "model/allocation.h"
#include "model/caller.h"
#include "model/cluster.h"
#include "model/job_state.h"
#include "model/request.h"
#include "model/reservation_request.h"

namespace usine {

struct Configure {
  std::string cluster_uuid;  // used only where the state has none yet
  std::shared_ptr<const ClusterConfig> config;
};

struct StartEpoch {
  Epoch epoch;
};

// A job that ended so long ago that the state has forgotten it, as the history has it.
struct PastJob {
  JobId job;
  JobState outcome = JobState::kCompleted;
  std::optional<Time> started;
  Time ended;
};

struct SubmitJob {
  Caller caller;
  std::shared_ptr<const JobRequest> request;
  bool test_only = false;  // answer as for a submission, record nothing (B6)
  // Of the jobs that the request depends on, those that the history has: the state may have
  // forgotten them, and what a command means must not hang on anything beyond it (B17).
  std::vector<PastJob> past{};
};

enum class JobAction : std::uint8_t {
  kCancel = 0,
  kHold = 1,
  kRelease = 2,
  kRequeue = 3,
  kSuspend = 4,  // its processes stand still; it keeps its nodes, and its time goes on
  kUnsuspend = 5,
  kSignal = 6,
};

// Where `job` is an array, `tasks` narrows the action to some of its tasks, and `states` a requeue
// to tasks that have ended so, which then run again (B27).
struct ActOnJob {
  Caller caller;
  JobId job;
  JobAction action = JobAction::kCancel;
  std::optional<ArraySpec> tasks = {};
  std::set<JobState> states = {};
  SignalRequest signal = {};  // to pass on
};

enum class NodeAction : std::uint8_t { kDrain = 0, kResume = 1, kFence = 2 };

// kFence: the node is known to be dead, so jobs that wait for it may start elsewhere.
struct ActOnNode {
  Caller caller;
  std::string node_name;
  NodeAction action = NodeAction::kDrain;
  std::string reason;
};

// hello.shape may be null: exactly as the node's class says (the engine drops it where it is, so
// that a restart of a large cluster does not journal every shape again).
struct AgentHello {
  Hello hello;
};

struct AgentGone {  // its stream broke
  NodeId node;
};

struct LeaseExpired {
  NodeId node;
};

struct AgentPrepared {
  NodeId node;
  Prepared report;
};

struct AgentEnded {
  NodeId node;
  Ended report;
};

struct ProposedStart {
  JobId job;
  Allocation allocation;
};

// Jobs that run are put back so that `job` can start on `allocation` once they have left.
struct ProposedPreemption {
  JobId job;
  Allocation allocation;
  std::vector<AttemptKey> victims;
};

// The outcome of one planning pass; each start is re-checked on the newest state.
struct CommitPlan {
  Sequence seen;  // the last sequence the planner had applied
  std::vector<ProposedStart> starts;
  std::vector<ProposedPreemption> preemptions = {};

  [[nodiscard]] bool empty() const { return starts.empty() && preemptions.empty(); }
};

struct Tick {};

// A waiting job waits for these from now on (B19); none: for no other job.
struct SetDependencies {
  Caller caller;
  JobId job;
  Dependencies dependencies;
  std::vector<PastJob> past{};  // as for SubmitJob
};

// A waiting job's limit changes as its owner likes; a running one's is lowered, or raised as far as
// no start that is promised to another job moves, or as an operator likes (B46).
struct SetJobLimit {
  Caller caller;
  JobId job;
  Seconds time_limit{0};
  // Until when the job's nodes are free of such promises, as the planner sees it; none: no end.
  std::optional<Time> room_until;
};

// A checkpoint of the job is written: what it did so far need not be done again.
struct MarkJob {
  Caller caller;
  JobId job;
  std::string progress;
};

// So many tasks of the array may run at once from now on; 0: as many as find room (B22).
struct SetArrayLimit {
  Caller caller;
  JobId job;
  std::uint32_t limit = 0;
};

// Several of those on one job at once: all of them, or none.
struct UpdateJob {
  std::optional<SetDependencies> dependencies;
  std::optional<SetArrayLimit> array_limit;
  std::optional<SetJobLimit> time_limit;
};

struct CreateReservation {
  Caller caller;
  ReservationRequest request;
};

struct DeleteReservation {
  Caller caller;
  std::string name;
};

using Command = std::variant<Configure, StartEpoch, SubmitJob, ActOnJob, ActOnNode, AgentHello,
                             AgentGone, LeaseExpired, AgentPrepared, AgentEnded, CommitPlan, Tick,
                             SetJobLimit, SetDependencies, MarkJob, SetArrayLimit,
                             CreateReservation, DeleteReservation, UpdateJob>;

[[nodiscard]] std::string_view name_of(const Command& command);

// ---- answers ----------------------------------------------------------------------------------

struct Done {};

struct Submitted {
  JobId job;             // 0 for test_only
  bool existed = false;  // an earlier submission had the same idempotency key
};

// Answer to what an agent says: what it must be told now. For AgentHello the Welcome and, after it,
// whatever its attempts need again; for reports of attempts that are over, how to be rid of them.
struct Admitted {
  NodeId node;
  std::vector<ToAgent> messages;
};

// Answer to CommitPlan: jobs whose start no longer fitted the state.
struct PlanCommitted {
  std::vector<JobId> rejected;
};

using Reply = std::variant<Done, Submitted, Admitted, PlanCommitted>;

template <typename A>
void fields(A& a, Configure& v) {
  a(v.cluster_uuid, v.config);
}
template <typename A>
void fields(A& a, StartEpoch& v) {
  a(v.epoch);
}
template <typename A>
void fields(A& a, PastJob& v) {
  a(v.job, v.outcome, v.started, v.ended);
}
template <typename A>
void fields(A& a, SubmitJob& v) {
  a(v.caller, v.request, v.test_only, v.past);
}
template <typename A>
void fields(A& a, ActOnJob& v) {
  a(v.caller, v.job, v.action, v.tasks, v.states, v.signal);
}
template <typename A>
void fields(A& a, ActOnNode& v) {
  a(v.caller, v.node_name, v.action, v.reason);
}
template <typename A>
void fields(A& a, Hello& v) {
  a(v.node_name, v.boot_id, v.cluster_uuid, v.shape, v.attempts, v.prolog_limit);
}
template <typename A>
void fields(A& a, AgentHello& v) {
  a(v.hello);
}
template <typename A>
void fields(A& a, AgentGone& v) {
  a(v.node);
}
template <typename A>
void fields(A& a, LeaseExpired& v) {
  a(v.node);
}
template <typename A>
void fields(A& a, EpilogWord& v) {
  a(v.runs, v.failure, v.of_orphan);
}
template <typename A>
void fields(A& a, Prepared& v) {
  a(v.key, v.ok, v.node_fault, v.message, v.address, v.prolog_failed, v.epilog);
}
template <typename A>
void fields(A& a, AgentPrepared& v) {
  a(v.node, v.report);
}
template <typename A>
void fields(A& a, Ended& v) {
  a(v.key, v.exit, v.elapsed, v.peak_memory_mib, v.use, v.epilog);
}
template <typename A>
void fields(A& a, AgentEnded& v) {
  a(v.node, v.report);
}
template <typename A>
void fields(A& a, ProposedStart& v) {
  a(v.job, v.allocation);
}
template <typename A>
void fields(A& a, ProposedPreemption& v) {
  a(v.job, v.allocation, v.victims);
}
template <typename A>
void fields(A& a, CommitPlan& v) {
  a(v.seen, v.starts, v.preemptions);
}
template <typename A>
void fields(A&, Tick&) {}
template <typename A>
void fields(A& a, SetJobLimit& v) {
  a(v.caller, v.job, v.time_limit, v.room_until);
}
template <typename A>
void fields(A& a, MarkJob& v) {
  a(v.caller, v.job, v.progress);
}

template <typename A>
void fields(A& a, SetDependencies& v) {
  a(v.caller, v.job, v.dependencies, v.past);
}
template <typename A>
void fields(A& a, SetArrayLimit& v) {
  a(v.caller, v.job, v.limit);
}

template <typename A>
void fields(A& a, UpdateJob& v) {
  a(v.dependencies, v.array_limit, v.time_limit);
}

template <typename A>
void fields(A& a, CreateReservation& v) {
  a(v.caller, v.request);
}
template <typename A>
void fields(A& a, DeleteReservation& v) {
  a(v.caller, v.name);
}

}  // namespace usine
