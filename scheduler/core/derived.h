// What the state keeps beside its facts for speed: free shares of nodes, jobs by node, deadlines
// and the inverse of awaiting_fence. apply_event() updates them by these functions;
// rebuild_derived() makes them afresh, which must give the same (check_invariants).
#pragma once

#include <optional>
#include <vector>

#include "scheduler/core/state.h"

namespace usine {

void rebuild_derived(State& state);

// A node's free share from its shape and the attempts that hold parts of it.
void recompute_node(State& state, NodeId node);

// Books or gives back one node's share of `job`.
void book_share(State& state, JobId job, const NodeShare& share);
void release_share(State& state, JobId job, const NodeShare& share);

// The last time at which the job can start and still end before its deadline; none without one.
[[nodiscard]] std::optional<Time> latest_start(const Job& job);

// The deadlines that follow from a job's facts.
[[nodiscard]] std::vector<Deadline> deadlines_of(const State& state, const Job& job);
void add_deadlines(State& state, const Job& job);
void remove_deadlines(State& state, const Job& job);

// Enters an unfinished job among those that others wait for and its namesakes, or takes it out.
void link_job(State& state, const Job& job);
void unlink_job(State& state, const Job& job);

// Keeps the job's account of how long nothing but room and limits has held it up (B21). Called
// after whatever may have changed that, with the time of it.
void renew_eligibility(Job& job, Time at);

}  // namespace usine
