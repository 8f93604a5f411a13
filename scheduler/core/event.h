// What has happened, as plain values: the journal keeps them, apply_event() turns them into state,
// and effects and replicas follow from them. Events carry outcomes, never choices still to be made.
// Adding one: a struct with its fields, a name in names.cc, a case in apply (CONTRIBUTING.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"
#include "model/cluster.h"
#include "model/job_state.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

// The configuration was read, first or anew; nodes keep their ids, new ones come at the end.
struct ClusterConfigured {
  std::string cluster_uuid;
  std::shared_ptr<const ClusterConfig> config;
};

// A scheduler has started on this store; nodes that were up are unreachable until they say Hello.
struct EpochStarted {
  Epoch epoch;
  Time at;
};

struct NodeJoined {
  NodeId node;
  std::string boot_id;
  std::shared_ptr<const NodeShape> shape;  // null: exactly as its class says
  Time at;
  Millis prolog_limit{0};
};

struct NodeUnreachable {
  NodeId node;
  Time at;
};

struct NodeLost {
  NodeId node;
  std::string reason;
  Time at;
};

// The node is known to be dead: jobs that waited for it may start elsewhere.
struct NodeFenced {
  NodeId node;
};

struct NodeDrained {
  NodeId node;
  Drain drain;
};

struct NodeResumed {
  NodeId node;
};

struct JobSubmitted {
  JobId job;
  std::shared_ptr<const JobRequest> request;
  PartitionId partition;
  Time at;
  std::vector<DependencyStatus> dependencies{};  // parallel to the request's
  QosId qos{};
};

struct JobHeld {
  JobId job;
  HoldKind hold = HoldKind::kUser;
  Time at{};
};

struct JobReleased {
  JobId job;
  Time at{};
};

struct AttemptPlaced {
  JobId job;
  AttemptNumber attempt;
  Epoch epoch;
  Allocation allocation;
  Time at;
};

// One node of the gang is ready; `index` is its place in the allocation.
struct NodePrepared {
  AttemptKey key;
  std::uint32_t index = 0;
  std::string address;
};

// Every node is ready: the head starts the script.
struct AttemptStarted {
  AttemptKey key;
  Time at;
};

struct StopRequested {
  AttemptKey key;
  StopRequest stop;
};

// A signal is passed on to its processes; `warning`: the one that was asked for before its end.
struct AttemptSignalled {
  AttemptKey key;
  SignalRequest what;
  bool warning = false;
};

// Its processes stand still from now on, or go on.
struct SuspensionSet {
  AttemptKey key;
  bool suspended = false;
  Time at;
};

// Nothing of the attempt is left on this node, whose share is free again.
struct AttemptNodeEnded {
  AttemptKey key;
  std::uint32_t index = 0;
  ExitStatus exit;
  Millis elapsed{0};
  std::int64_t peak_memory_mib = 0;
  ResourceUse use = {};
};

// All nodes have ended: one accounting row (B40). JobRequeued or JobEnded follows at once.
struct AttemptEnded {
  AttemptKey key;
  JobState outcome = JobState::kCompleted;
  ExitStatus exit;
  Time at;
};

struct JobRequeued {
  JobId job;
  std::string text;
  std::optional<Time> not_before;
  std::set<NodeId> awaiting_fence;
  HoldKind hold = HoldKind::kNone;
  bool expedited = false;       // it goes before all others
  std::set<NodeId> avoid = {};  // it does not run there again
  bool counts = true;           // against requeue_max
  Time at{};
};

struct JobEnded {
  JobId job;
  JobState outcome = JobState::kCompleted;
  ExitStatus exit;
  std::string message;
  Time at;
};

// A finished job leaves the state; history keeps it.
struct JobForgotten {
  JobId job;
};

// The job's time limit from now on, counted from its start.
struct JobLimitSet {
  JobId job;
  Seconds time_limit{0};
};

// One part of what the job waits for in other jobs stands otherwise now.
struct DependencyChanged {
  JobId job;
  std::uint32_t index = 0;  // in the job's dependencies
  DependencyStatus status;
  Time at;
};

// The job waits for these now, and for nothing that it waited for before.
struct DependenciesSet {
  JobId job;
  JobDependencies dependencies;
  Time at;
};

// The job's work up to now is kept by itself: a checkpoint was written.
struct JobMarked {
  JobId job;
  Checkpoint checkpoint;
};

// The job's place is chosen among nodes that others are made to leave; StopRequested follows for
// each of those.
struct JobClaimed {
  JobId job;
  Claim claim;
};

// The place was not free in time, or is of no use any more.
struct ClaimDropped {
  JobId job;
};

// A task of the array has room: it gets a job of its own, which AttemptPlaced follows.
struct ArrayTaskStarted {
  JobId array;
  std::uint32_t position = 0;
  JobId job;
  Time at;
};

// These tasks, which waited for their first start, end so without one.
struct ArrayTasksEnded {
  JobId array;
  IntervalSet tasks;  // by position
  JobState outcome = JobState::kCancelled;
};

// These tasks had ended and wait for another start, in jobs of their own again (B27).
struct ArrayTasksRenewed {
  JobId array;
  IntervalSet tasks;  // by position
};

// So many tasks of the array may run at once from now on; 0: as many as find room (B22).
struct ArrayLimitSet {
  JobId array;
  std::uint32_t limit = 0;
};

struct ReservationCreated {
  NodeReservation reservation;
};

// By an operator, or since its last window is over.
struct ReservationDeleted {
  std::string name;
};

// Its window of that number has opened, or is the next to.
struct ReservationTurned {
  std::string name;
  std::uint32_t window = 0;
  bool open = false;
};

enum class ReservedNodeChange : std::uint8_t { kFailed = 0, kBack = 1, kReplaced = 2 };

struct ReservedNodeChanged {
  std::string name;
  NodeId node;
  ReservedNodeChange change = ReservedNodeChange::kFailed;
  NodeId replacement;  // kReplaced: takes its place
};

// The attempt's processes on this node have ended so; its share is free once the site's epilog has
// run there, with AttemptNodeEnded.
struct EpilogStarted {
  AttemptKey key;
  std::uint32_t index = 0;
  ExitStatus exit;
  Millis elapsed{0};
  std::int64_t peak_memory_mib = 0;
  ResourceUse use = {};
};

using Event = std::variant<
    ClusterConfigured, EpochStarted, NodeJoined, NodeUnreachable, NodeLost, NodeFenced, NodeDrained,
    NodeResumed, JobSubmitted, JobHeld, JobReleased, AttemptPlaced, NodePrepared, AttemptStarted,
    StopRequested, AttemptNodeEnded, AttemptEnded, JobRequeued, JobEnded, JobForgotten, JobLimitSet,
    DependencyChanged, DependenciesSet, JobMarked, JobClaimed, ClaimDropped, ArrayTaskStarted,
    ArrayTasksEnded, ArrayTasksRenewed, ArrayLimitSet, ReservationCreated, ReservationDeleted,
    ReservationTurned, ReservedNodeChanged, AttemptSignalled, SuspensionSet, EpilogStarted>;

// The event's stable name in the journal, "job_submitted".
[[nodiscard]] std::string_view name_of(const Event& event);

}  // namespace usine
