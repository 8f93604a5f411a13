// The whole scheduling state, as plain values. The engine's copy is changed only by apply_event(),
// and so is every replica: equal sequences of events give equal states, digest and all. What can be
// derived from the rest (free shares, deadlines) is kept beside it by apply_event() for speed and
// checked by check_invariants().
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/interval_set.h"
#include "common/time.h"
#include "model/allocation.h"
#include "model/cluster.h"
#include "model/job_state.h"
#include "model/request.h"
#include "model/reservation_request.h"
#include "model/resource_use.h"
#include "scheduler/core/run_times.h"
#include "scheduler/core/running_limits.h"

namespace usine {

// ---- nodes ------------------------------------------------------------------------------------

enum class NodeLink : std::uint8_t {
  kDown = 0,         // never joined, or silent beyond its lease: its attempts are lost
  kUnreachable = 1,  // was up; its jobs run on within the lease, nothing new starts there
  kUp = 2,
};

[[nodiscard]] std::string_view to_string(NodeLink link);

struct Drain {
  std::string reason;
  std::string author;  // a user, or "usine" where the scheduler did it
  Time since;

  friend bool operator==(const Drain&, const Drain&) = default;
};

struct Node {
  NodeLink link = NodeLink::kDown;
  std::optional<Drain> drain;
  std::string boot_id;
  std::shared_ptr<const NodeShape> shape;  // as the agent reported it; null: as its class says
  Time link_since;
  bool fenced = false;     // while it is gone: it is known to be dead, nothing of it runs on
  Millis prolog_limit{0};  // what its prolog may take, as its agent said when it joined
  // Derived: what no attempt holds, and who holds the rest.
  CoreSet free_cores;
  GpuSet free_gpus;
  std::int64_t free_memory_mib = 0;
  std::set<JobId> jobs;

  [[nodiscard]] bool takes_work() const { return link == NodeLink::kUp && !drain; }
};

// ---- jobs -------------------------------------------------------------------------------------

enum class NodePhase : std::uint8_t {
  kPreparing = 0,
  kPrepared = 1,
  kRunning = 2,
  kEnded = 3,   // reported, or lost with its node: its share is free again
  kEpilog = 4,  // its processes have ended; the site's epilog runs, and its share is not free yet
};

// One node's part in an attempt; parallel to Attempt::allocation.nodes.
struct AttemptNode {
  NodePhase phase = NodePhase::kPreparing;
  std::string address;  // of the shepherd, once prepared
  ExitStatus exit;      // once its processes have ended, as what follows
  Millis elapsed{0};
  std::int64_t peak_memory_mib = 0;
  ResourceUse use;

  friend bool operator==(const AttemptNode&, const AttemptNode&) = default;
};

enum class StopCause : std::uint8_t {
  kHeadEnded = 0,  // the batch script has ended
  kCancelled = 1,
  kTimeLimit = 2,
  kNodeLost = 3,       // text: which node
  kPrepareFailed = 4,  // text: which node and why; the job goes back to pending
  kPrepareTimeout = 5,
  kRequeued = 6,      // by `usine requeue`
  kPreempted = 7,     // for_job takes its nodes; it goes back to pending
  kPrologFailed = 8,  // text: on which node and how; it goes back to pending
};

[[nodiscard]] std::string_view to_string(StopCause cause);

struct StopRequest {
  StopCause cause = StopCause::kHeadEnded;
  std::string text;
  Time at;
  JobId for_job{};  // of kPreempted

  friend bool operator==(const StopRequest&, const StopRequest&) = default;
};

struct Attempt {
  AttemptNumber number;
  Epoch epoch;  // of the scheduler that placed it
  Allocation allocation;
  std::vector<AttemptNode> nodes;
  Time placed;
  Millis prolog_limit{0};  // the longest of its nodes'
  std::optional<Time> started;
  std::optional<StopRequest> stop;
  // Signals that were passed on so far, and the last of them: told again to an agent that may have
  // missed it.
  std::uint32_t signals = 0;
  SignalRequest last_signal;
  bool warned = false;            // of its end, as its request asks for
  std::optional<Time> suspended;  // its processes stand still since then
  bool was_suspended = false;     // at some time

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

enum class HoldKind : std::uint8_t {
  kNone = 0,
  kUser = 1,
  kOperator = 2,      // only an operator releases it
  kRequeueLimit = 3,  // by the scheduler (B43)
};

// What a job waits for in other jobs, as it was asked for last, and where each part stands.
struct JobDependencies {
  Dependencies wanted;
  std::vector<DependencyStatus> statuses;  // parallel to wanted.items

  [[nodiscard]] DependencyStatus verdict() const { return usine::verdict(wanted, statuses); }
  friend bool operator==(const JobDependencies&, const JobDependencies&) = default;
};

// The newest sign of a job that its work so far is kept (`usine mark`).
struct Checkpoint {
  Time at;
  std::string progress;  // as the job tells it, may be empty

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The place that is kept for a job while those that it preempts leave: nobody else starts there
// (B73).
struct Claim {
  Allocation allocation;
  Time until;  // given up then
  // Not a whole place but what was left of one: the job may stand there or anywhere else.
  bool partial = false;

  friend bool operator==(const Claim&, const Claim&) = default;
};

struct Job {
  JobId id;
  // Shared by the tasks of an array with the array.
  std::shared_ptr<const JobRequest> request;
  JobId array_id;                 // of a task: its array; 0 for any other job, and for the array
  std::uint32_t array_index = 0;  // of a task, as its user counts: "1234_7" has 7
  JobState state = JobState::kPending;
  PartitionId partition;
  QosId qos;
  Time submitted;
  std::uint32_t attempts = 0;  // started so far; the current one is attempts when `attempt` is set
  std::uint32_t requeues = 0;
  HoldKind hold = HoldKind::kNone;
  std::optional<Seconds> new_limit;  // set since submission (B46): see limit()
  std::optional<Time> not_before;    // begin time, or the delay after a requeue
  std::string requeue_text;          // why it was put back, for the reason
  bool expedited = false;            // put back for a lost node: goes before all others (B42)
  std::set<NodeId> awaiting_fence;   // lost nodes that must come back first
  JobDependencies dependencies;
  // Since when nothing but room and limits kept it from starting, so that its age is now minus this
  // (B21): may lie ahead (a begin time), none while it is held, waits for other jobs or has been
  // placed. What it had waited by then is taken off when it goes on waiting.
  std::optional<Time> eligible_since;
  Millis waited{0};  // while eligible_since is none
  // While held, of a job that was eligible then: a hold and its release leave the order as it was
  // (B64), so its time counts as if there had been no hold.
  std::optional<Time> eligible_before_hold;
  // How long runs of its script had taken when it began to wait, first or anew; none: nobody knew.
  // It stays while the job waits, so that its place in the order does.
  std::optional<Seconds> expected_run;
  std::optional<Attempt> attempt;             // while preparing, running or stopping
  std::optional<Time> started;                // of the last attempt that ran
  std::optional<Time> ended;                  // once final
  std::optional<Allocation> last_allocation;  // of the last attempt, kept for `usine show job`
  ExitStatus exit;                            // once final: the head's
  std::string message;                        // once final: one line for people, may be empty
  std::optional<Checkpoint> checkpoint;       // of whichever attempt wrote one last
  std::optional<Claim> claim;                 // while pending

  // The time limit that holds now.
  [[nodiscard]] Seconds limit() const { return new_limit.value_or(request->time_limit); }
  // How long it will run as far as anybody knows: never more than its limit.
  [[nodiscard]] Seconds expected_length() const {
    return std::min(limit(), expected_run.value_or(limit()));
  }
  [[nodiscard]] bool is_task() const { return array_id.value != 0; }
  // Whether it stands for an array: it never has an attempt, its tasks get jobs of their own. It is
  // pending while a task waits for its first start, then running until the last of them has ended.
  [[nodiscard]] bool is_array() const { return request->array && !is_task(); }
  friend bool operator==(const Job&, const Job&) = default;
};

// Where the tasks of an array are, by position (model/array_spec.h). Every task is in one of
// pending, live and ended.
struct ArrayTasks {
  IntervalSet pending;                    // they have no job yet
  std::map<std::uint32_t, JobId> live;    // those with a job that has not ended
  std::set<JobId> waiting;                // of the live ones, those without an attempt: put back
  std::map<JobState, IntervalSet> ended;  // by outcome
  std::uint32_t limit = 0;                // of active(); 0: none

  [[nodiscard]] std::uint64_t active() const { return live.size() - waiting.size(); }

  friend bool operator==(const ArrayTasks&, const ArrayTasks&) = default;
};

// ---- the whole --------------------------------------------------------------------------------

enum class DeadlineKind : std::uint8_t {
  kPrepare = 0,
  kTimeLimit = 1,
  kForget = 2,
  kLatestStart = 3,  // a waiting job that could not end before its deadline any more
  kClaim = 4,
  kWarning = 5,  // before the time limit
};

struct Deadline {
  Time at;
  DeadlineKind kind = DeadlineKind::kPrepare;
  JobId job;

  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};

// The jobs of one user and name that have not ended, for those that run one at a time (B18).
struct Namesakes {
  std::set<JobId> unfinished;
  std::set<JobId> active;  // placed or running

  friend bool operator==(const Namesakes&, const Namesakes&) = default;
};

// A reservation as it stands: which nodes it has now, and which of its windows is open or next.
struct NodeReservation {
  ReservationRequest request;
  std::string author;
  std::set<NodeId> nodes;
  std::set<NodeId> failed;   // of those: lost or drained; the reservation is degraded (B81)
  std::uint32_t window = 0;  // the number of the one that is open, or comes next
  bool open = false;

  [[nodiscard]] bool degraded() const { return !failed.empty(); }
  friend bool operator==(const NodeReservation&, const NodeReservation&) = default;
};

struct State {
  std::string cluster_uuid;
  Epoch epoch;
  Sequence sequence;  // of the last command applied
  Time now{};         // of the last command applied; never goes back
  JobId next_job{1};
  std::shared_ptr<const ClusterConfig> config;
  std::vector<Node> nodes;             // by NodeId, as in config->nodes
  std::map<JobId, Job> jobs;           // those not forgotten yet
  std::map<JobId, ArrayTasks> arrays;  // of each job that is_array()
  std::map<std::pair<std::string, std::string>, JobId> idempotency;  // (user, key)
  std::map<std::string, NodeReservation> reservations;               // by name
  RunTimes run_times;                                                // of jobs that have ended
  // Derived.
  std::set<Deadline> deadlines;
  std::set<std::pair<Time, std::string>> reservation_turns;  // when each opens or closes next
  std::map<std::string, NodeId> node_by_name;
  std::map<NodeId, std::set<JobId>> awaited_by;  // the inverse of Job::awaiting_fence
  std::map<NodeId, std::set<JobId>> claimed_by;  // the inverse of Job::claim
  RunningLimits running;                         // what the jobs with an attempt count
  std::map<JobId, std::set<JobId>> dependents;   // unfinished jobs, by each job that they wait for
  std::map<std::pair<std::string, std::string>, Namesakes> namesakes;  // by (user, name)

  [[nodiscard]] const Job* find_job(JobId id) const;
  // The job's current attempt where it is the one that `key` names, else null: a late report.
  [[nodiscard]] const Attempt* find_attempt(AttemptKey key) const;
  [[nodiscard]] const Node& node(NodeId id) const { return nodes[id.value]; }
  [[nodiscard]] const std::string& node_name(NodeId id) const;
  [[nodiscard]] const NodeShape& shape_of(NodeId id) const;
};

// The place of `node` in an attempt's allocation; nullopt where it has no part in it.
[[nodiscard]] std::optional<std::uint32_t> index_of(const Attempt& attempt, NodeId node);

// "node002, node003": for messages.
[[nodiscard]] std::string names_of(const State& state, const std::set<NodeId>& nodes);

// The earliest time at which a Tick would change something.
[[nodiscard]] std::optional<Time> next_deadline(const State& state);

// One line a rule that does not hold (shares booked twice, counts that disagree, phases that
// cannot be); empty for a sound state. Proportional to the whole state: for tests, the simulator
// and recovery.
[[nodiscard]] std::vector<std::string> check_invariants(const State& state);

// SHA-256 (hex) over the codec's form of the state: equal states, equal digests (DESIGN 4.9).
[[nodiscard]] std::string digest(const State& state);

// The format of snapshots, their first number.
inline constexpr std::uint64_t kSnapshotVersion = 2;

// Snapshot bytes and back; derived parts are rebuilt on reading. Error: kCorrupt.
[[nodiscard]] std::string encode_snapshot(const State& state);
[[nodiscard]] Result<State> decode_snapshot(std::string_view bytes);

template <typename A>
void fields(A& a, Drain& v) {
  a(v.reason, v.author, v.since);
}
template <typename A>
void fields(A& a, Node& v) {
  a(v.link, v.drain, v.boot_id, v.shape, v.link_since, v.fenced, v.prolog_limit);
}
template <typename A>
void fields(A& a, AttemptNode& v) {
  a(v.phase, v.address, v.exit, v.elapsed, v.peak_memory_mib, v.use);
}
template <typename A>
void fields(A& a, StopRequest& v) {
  a(v.cause, v.text, v.at, v.for_job);
}
template <typename A>
void fields(A& a, Attempt& v) {
  a(v.number, v.epoch, v.allocation, v.nodes, v.placed, v.started, v.stop, v.signals, v.last_signal,
    v.warned, v.suspended, v.was_suspended, v.prolog_limit);
}
template <typename A>
void fields(A& a, JobDependencies& v) {
  a(v.wanted, v.statuses);
}
template <typename A>
void fields(A& a, Checkpoint& v) {
  a(v.at, v.progress);
}
template <typename A>
void fields(A& a, Claim& v) {
  a(v.allocation, v.until, v.partial);
}
template <typename A>
void fields(A& a, Job& v) {
  a(v.id, v.request, v.array_id, v.array_index, v.state, v.partition, v.qos, v.checkpoint, v.claim,
    v.eligible_before_hold, v.submitted, v.attempts, v.requeues, v.hold, v.not_before,
    v.requeue_text, v.expedited, v.awaiting_fence, v.attempt, v.started, v.ended, v.last_allocation,
    v.exit, v.message, v.new_limit, v.dependencies, v.eligible_since, v.waited, v.expected_run);
}
template <typename A>
void fields(A& a, ArrayTasks& v) {
  a(v.pending, v.live, v.waiting, v.ended, v.limit);
}
template <typename A>
void fields(A& a, NodeReservation& v) {
  a(v.request, v.author, v.nodes, v.failed, v.window, v.open);
}
template <typename A>
void fields(A& a, State& v) {
  a(v.cluster_uuid, v.epoch, v.sequence, v.now, v.next_job, v.config, v.nodes, v.jobs, v.arrays,
    v.idempotency, v.reservations, v.run_times);
}

}  // namespace usine
