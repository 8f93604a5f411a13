// What a job waits for before any place is looked for: a hold, other jobs, its begin time, the
// delay after a requeue, nodes that must be fenced first. One rule after the other; the first that
// keeps the job is its reason. Pure.
#pragma once

#include <optional>

#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/demand.h"

namespace usine {

// Why `job`, which is pending, may not start at `now` wherever there is room; nullopt where nothing
// keeps it.
[[nodiscard]] std::optional<Reason> not_eligible(const State& state, const Job& job, Time now);

// When the next time after `now` comes that the job waits for: its begin, the end of a requeue
// delay, the minutes after another job's start. None where no such time is known.
[[nodiscard]] std::optional<Time> opens_at(const Job& job, Time now);

// Why no more tasks of the job's array may start at `now`: as many run as its limit allows (B22),
// or those that wait depend on tasks of another array (B15).
[[nodiscard]] Reason no_task_reason(const State& state, const Job& job, Time now);

// Why a job is kept from nodes that nobody has been promised: a reservation whose window it would
// run into; none where none is.
[[nodiscard]] std::optional<Reason> reserved_reason(const State& state, const Job& job, Time now);

// Whether the job still waits for as few leaf switches as it asked for (B48).
[[nodiscard]] Switches switches_wanted(const Job& job, Time now);
// When it takes any number of them; none where it asked for no bound or has waited long enough.
[[nodiscard]] std::optional<Time> switches_until(const Job& job);

}  // namespace usine
