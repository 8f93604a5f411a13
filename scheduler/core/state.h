// The whole scheduling state, as plain values. The engine's copy is changed only by apply_event(),
// and so is every replica: equal sequences of events give equal states, digest and all. What can be
// derived from the rest (free shares, deadlines) is kept beside it by apply_event() for speed and
// checked by check_invariants().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"
#include "model/cluster.h"
#include "model/job_state.h"
#include "model/request.h"

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
  bool fenced = false;  // while it is gone: it is known to be dead, nothing of it runs on
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
  kEnded = 3,  // reported, or lost with its node: its share is free again
};

// One node's part in an attempt; parallel to Attempt::allocation.nodes.
struct AttemptNode {
  NodePhase phase = NodePhase::kPreparing;
  std::string address;  // of the shepherd, once prepared
  ExitStatus exit;      // once ended
  Millis elapsed{0};
  std::int64_t peak_memory_mib = 0;

  friend bool operator==(const AttemptNode&, const AttemptNode&) = default;
};

enum class StopCause : std::uint8_t {
  kHeadEnded = 0,  // the batch script has ended
  kCancelled = 1,
  kTimeLimit = 2,
  kNodeLost = 3,       // text: which node
  kPrepareFailed = 4,  // text: which node and why; the job goes back to pending
  kPrepareTimeout = 5,
  kRequeued = 6,  // by `usine requeue`
};

[[nodiscard]] std::string_view to_string(StopCause cause);

struct StopRequest {
  StopCause cause = StopCause::kHeadEnded;
  std::string text;
  Time at;

  friend bool operator==(const StopRequest&, const StopRequest&) = default;
};

struct Attempt {
  AttemptNumber number;
  Epoch epoch;  // of the scheduler that placed it
  Allocation allocation;
  std::vector<AttemptNode> nodes;
  Time placed;
  std::optional<Time> started;
  std::optional<StopRequest> stop;

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

enum class HoldKind : std::uint8_t {
  kNone = 0,
  kUser = 1,
  kOperator = 2,      // only an operator releases it
  kRequeueLimit = 3,  // by the scheduler (B43)
};

struct Job {
  JobId id;
  std::shared_ptr<const JobRequest> request;
  JobState state = JobState::kPending;
  PartitionId partition;
  Time submitted;
  std::uint32_t attempts = 0;  // started so far; the current one is attempts when `attempt` is set
  std::uint32_t requeues = 0;
  HoldKind hold = HoldKind::kNone;
  std::optional<Time> not_before;             // begin time, or the delay after a requeue
  std::string requeue_text;                   // why it was put back, for the reason
  std::set<NodeId> awaiting_fence;            // lost nodes that must come back first
  std::optional<Attempt> attempt;             // while preparing, running or stopping
  std::optional<Time> started;                // of the last attempt that ran
  std::optional<Time> ended;                  // once final
  std::optional<Allocation> last_allocation;  // of the last attempt, kept for `usine show job`
  ExitStatus exit;                            // once final: the head's
  std::string message;                        // once final: one line for people, may be empty

  friend bool operator==(const Job&, const Job&) = default;
};

// ---- the whole --------------------------------------------------------------------------------

enum class DeadlineKind : std::uint8_t {
  kPrepare = 0,
  kTimeLimit = 1,
  kForget = 2,
};

struct Deadline {
  Time at;
  DeadlineKind kind = DeadlineKind::kPrepare;
  JobId job;

  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};

struct State {
  std::string cluster_uuid;
  Epoch epoch;
  Sequence sequence;  // of the last command applied
  Time now{};         // of the last command applied; never goes back
  JobId next_job{1};
  std::shared_ptr<const ClusterConfig> config;
  std::vector<Node> nodes;    // by NodeId, as in config->nodes
  std::map<JobId, Job> jobs;  // those not forgotten yet
  std::map<std::pair<std::string, std::string>, JobId> idempotency;  // (user, key)
  // Derived.
  std::set<Deadline> deadlines;
  std::map<std::string, NodeId> node_by_name;
  std::map<NodeId, std::set<JobId>> awaited_by;  // the inverse of Job::awaiting_fence

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
  a(v.link, v.drain, v.boot_id, v.shape, v.link_since, v.fenced);
}
template <typename A>
void fields(A& a, AttemptNode& v) {
  a(v.phase, v.address, v.exit, v.elapsed, v.peak_memory_mib);
}
template <typename A>
void fields(A& a, StopRequest& v) {
  a(v.cause, v.text, v.at);
}
template <typename A>
void fields(A& a, Attempt& v) {
  a(v.number, v.epoch, v.allocation, v.nodes, v.placed, v.started, v.stop);
}
template <typename A>
void fields(A& a, Job& v) {
  a(v.id, v.request, v.state, v.partition, v.submitted, v.attempts, v.requeues, v.hold,
    v.not_before, v.requeue_text, v.awaiting_fence, v.attempt, v.started, v.ended,
    v.last_allocation, v.exit, v.message);
}
template <typename A>
void fields(A& a, State& v) {
  a(v.cluster_uuid, v.epoch, v.sequence, v.now, v.next_job, v.config, v.nodes, v.jobs,
    v.idempotency);
}

}  // namespace usine
