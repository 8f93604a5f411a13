// The messages that agents get, made from the state; the engine sends them as effects of events,
// and a Hello is answered with them.
#pragma once

#include <cstdint>
#include <string>

#include "model/agent_messages.h"
#include "scheduler/core/state.h"

namespace usine {

// One node of an allocation as the job's shepherds and `usine show job` see it, its hardware
// threads and devices named by the shape that the node reported.
[[nodiscard]] JobNode job_node(const State& state, const NodeShare& share);

// The names of an allocation's nodes in rank order, compressed: "node[001-004]".
[[nodiscard]] std::string node_list(const State& state, const Allocation& allocation);

// The nodes of the job's attempt, for its Prepare messages.
[[nodiscard]] JobNodes job_nodes(const State& state, const Job& job);

// `index` is the node's place in the attempt's allocation, `nodes` are job_nodes(). The blobs and
// the job key stay empty: the edge fills them in. `job` has an attempt.
[[nodiscard]] Prepare prepare_message(const State& state, const Job& job, std::uint32_t index,
                                      const JobNodes& nodes);
[[nodiscard]] Start start_message(const State& state, const Job& job, std::uint32_t index);
// Grace is none for what has not started, since no process of the user runs there yet.
[[nodiscard]] Signal signal_message(const State& state, const Job& job);
[[nodiscard]] Suspend suspend_message(const State& state, const Job& job);
[[nodiscard]] Stop stop_message(const State& state, const Job& job);

}  // namespace usine
