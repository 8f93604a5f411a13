// The fields of each event in the order in which the journal writes them (common/codec.h). Included
// where events become bytes, and nowhere else.
#pragma once

#include "scheduler/core/event.h"

namespace usine {

template <typename A>
void fields(A& a, ClusterConfigured& v) {
  a(v.cluster_uuid, v.config);
}
template <typename A>
void fields(A& a, EpochStarted& v) {
  a(v.epoch, v.at);
}
template <typename A>
void fields(A& a, NodeJoined& v) {
  a(v.node, v.boot_id, v.shape, v.at, v.prolog_limit);
}
template <typename A>
void fields(A& a, NodeUnreachable& v) {
  a(v.node, v.at);
}
template <typename A>
void fields(A& a, NodeLost& v) {
  a(v.node, v.reason, v.at);
}
template <typename A>
void fields(A& a, NodeFenced& v) {
  a(v.node);
}
template <typename A>
void fields(A& a, NodeDrained& v) {
  a(v.node, v.drain);
}
template <typename A>
void fields(A& a, NodeResumed& v) {
  a(v.node);
}
template <typename A>
void fields(A& a, JobSubmitted& v) {
  a(v.job, v.request, v.partition, v.at, v.dependencies, v.qos);
}
template <typename A>
void fields(A& a, JobHeld& v) {
  a(v.job, v.hold, v.at);
}
template <typename A>
void fields(A& a, JobReleased& v) {
  a(v.job, v.at);
}
template <typename A>
void fields(A& a, AttemptPlaced& v) {
  a(v.job, v.attempt, v.epoch, v.allocation, v.at);
}
template <typename A>
void fields(A& a, NodePrepared& v) {
  a(v.key, v.index, v.address);
}
template <typename A>
void fields(A& a, AttemptStarted& v) {
  a(v.key, v.at);
}
template <typename A>
void fields(A& a, StopRequested& v) {
  a(v.key, v.stop);
}
template <typename A>
void fields(A& a, AttemptSignalled& v) {
  a(v.key, v.what, v.warning);
}
template <typename A>
void fields(A& a, SuspensionSet& v) {
  a(v.key, v.suspended, v.at);
}
template <typename A>
void fields(A& a, AttemptNodeEnded& v) {
  a(v.key, v.index, v.exit, v.elapsed, v.peak_memory_mib, v.use);
}
template <typename A>
void fields(A& a, AttemptEnded& v) {
  a(v.key, v.outcome, v.exit, v.at);
}
template <typename A>
void fields(A& a, JobRequeued& v) {
  a(v.job, v.text, v.not_before, v.awaiting_fence, v.hold, v.expedited, v.avoid, v.counts, v.at);
}
template <typename A>
void fields(A& a, JobEnded& v) {
  a(v.job, v.outcome, v.exit, v.message, v.at);
}
template <typename A>
void fields(A& a, JobForgotten& v) {
  a(v.job);
}
template <typename A>
void fields(A& a, JobLimitSet& v) {
  a(v.job, v.time_limit);
}
template <typename A>
void fields(A& a, JobMarked& v) {
  a(v.job, v.checkpoint);
}
template <typename A>
void fields(A& a, JobClaimed& v) {
  a(v.job, v.claim);
}
template <typename A>
void fields(A& a, ClaimDropped& v) {
  a(v.job);
}

template <typename A>
void fields(A& a, DependencyChanged& v) {
  a(v.job, v.index, v.status, v.at);
}
template <typename A>
void fields(A& a, DependenciesSet& v) {
  a(v.job, v.dependencies, v.at);
}
template <typename A>
void fields(A& a, ArrayTaskStarted& v) {
  a(v.array, v.position, v.job, v.at);
}
template <typename A>
void fields(A& a, ArrayTasksEnded& v) {
  a(v.array, v.tasks, v.outcome);
}
template <typename A>
void fields(A& a, ArrayTasksRenewed& v) {
  a(v.array, v.tasks);
}
template <typename A>
void fields(A& a, ArrayLimitSet& v) {
  a(v.array, v.limit);
}

template <typename A>
void fields(A& a, ReservationCreated& v) {
  a(v.reservation);
}
template <typename A>
void fields(A& a, ReservationDeleted& v) {
  a(v.name);
}
template <typename A>
void fields(A& a, ReservationTurned& v) {
  a(v.name, v.window, v.open);
}
template <typename A>
void fields(A& a, ReservedNodeChanged& v) {
  a(v.name, v.node, v.change, v.replacement);
}
template <typename A>
void fields(A& a, EpilogStarted& v) {
  a(v.key, v.index, v.exit, v.elapsed, v.peak_memory_mib, v.use);
}

}  // namespace usine
