// The answers to questions, made from a view of the committed state. Pure functions of their
// arguments, run on the reader's thread.
#pragma once

#include "common/result.h"
#include "model/caller.h"
#include "proto/users.pb.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/secrets.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

// Rows of one page of any list.
inline constexpr std::uint32_t kPageRowsMax = 1000;

// Those that the caller may see. Error: kInvalid for a word that is no state.
[[nodiscard]] Result<proto::ListJobsReply> list_jobs(const View& view, const Caller& caller,
                                                     const proto::ListJobsRequest& request);

// Error: kNotFound for a job that never was or has left the state; history keeps those.
[[nodiscard]] Result<const Job*> find_job(const View& view, JobId id);
[[nodiscard]] proto::JobSummary summary_of(const View& view, const Job& job);

// The key of a running job and where to show it are for its owner alone, what it is started with
// for its owner and operators. Errors: kNotFound for a job that never was or has left the state
// (history keeps those), kPermission.
[[nodiscard]] Result<proto::JobDetail> job_detail(const View& view, JobId id, const Caller& caller,
                                                  const JobKeys& keys);

// With those of their jobs that the caller may see. Error: kNotFound for a name that is none of the
// cluster's.
[[nodiscard]] Result<proto::ListNodesReply> list_nodes(const View& view, const Caller& caller,
                                                       const proto::ListNodesRequest& request);

// Those that the caller may see: private ones are for who may use them and for operators.
[[nodiscard]] proto::ListReservationsReply reservations_seen(const View& view,
                                                             const Caller& caller);

[[nodiscard]] proto::PartitionInfo partition_info(const State& state, const Partition& partition);
[[nodiscard]] proto::ClusterInfo cluster_info(const View& view);

// Those that the caller may see. Errors: kPermission for another's where they are private; those of
// the store.
[[nodiscard]] Result<proto::ListHistoryReply> list_history(
    const View& view, const Caller& caller, store::HistoryReader& history,
    const proto::ListHistoryRequest& request);

}  // namespace usine::daemon
