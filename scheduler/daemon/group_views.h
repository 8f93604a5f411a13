// What the order and the limits say of jobs, partitions, QOS and projects, as answers to questions.
// Pure functions of their arguments, run on the reader's thread.
#pragma once

#include "common/result.h"
#include "model/caller.h"
#include "proto/users.pb.h"
#include "scheduler/daemon/reader.h"

namespace usine::daemon {

// Bounds, who may use it and what is in use, by each user whose use the caller may see. Errors:
// kInvalid for a kind that is none, kNotFound for an unknown name, listing those there are.
[[nodiscard]] Result<proto::ListGroupsReply> list_groups(const View& view, const Caller& caller,
                                                         const proto::ListGroupsRequest& request);

// The factors of a waiting job's place in the order; nothing for another.
void add_rank(const State& state, const Job& job, proto::JobDetail& detail);
void add_rank(const State& state, const Job& job, proto::Explanation& explanation);

}  // namespace usine::daemon
