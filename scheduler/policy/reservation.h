// The start that is kept for the first job that has to wait: the earliest time at which running
// jobs, ending at their limits, leave room for it. Others may start only where they do not move it
// (EASY backfill: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995), so that a large job is
// not starved by small ones (B76, B77). Pure.
#pragma once

#include <optional>
#include <set>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

struct Reservation {
  JobId job;
  Time at;                 // its start, at the latest
  std::set<NodeId> nodes;  // where
};

// Tries the machine as it will be after each release, by bisection, since room only grows; rolls
// back what it tries. None where the job does not fit even then: nodes that it needs are down or
// drained.
[[nodiscard]] std::optional<Reservation> reserve(Machine& machine, const Timeline& timeline,
                                                 const Job& job, Time now);

// By when the job has left its nodes at the latest: its limit, or the grace of its stop.
[[nodiscard]] Time latest_end(const Job& job, const Timings& timings);

}  // namespace usine
