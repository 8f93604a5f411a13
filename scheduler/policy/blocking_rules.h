// The rules of explain.h, one kind after the other: what the job waits for whatever there is room
// for, limits on what runs at once, and room. Pure.
#pragma once

#include <vector>

#include "scheduler/policy/explain.h"

namespace usine {

// Holds, dependencies, begin times and whatever else makes it not eligible: all of them.
[[nodiscard]] std::vector<BlockingRule> waiting_rules(const State& state, const Job& job, Time now);

// A limit that one more start would exceed, with the jobs that count against it.
[[nodiscard]] std::vector<BlockingRule> limit_rules(const State& state, const Job& job);

// Where its project is guaranteed GPUs: whether they are owed to this job, and who has borrowed.
[[nodiscard]] std::vector<BlockingRule> guarantee_rules(const State& state, const Job& job);

// What of the machine the component lacks, by its census.
[[nodiscard]] std::vector<BlockingRule> room_rules(const State& state, const Job& job,
                                                   const Component& component,
                                                   const NodeCensus& census);

}  // namespace usine
