// What a job waits for before any place is looked for: a hold, its begin time, the delay after a
// requeue, nodes that must be fenced first. One rule after the other; the first that keeps the job
// is its reason. Pure.
#pragma once

#include <optional>

#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/state.h"

namespace usine {

// Why `job`, which is pending, may not start at `now` wherever there is room; nullopt where nothing
// keeps it.
[[nodiscard]] std::optional<Reason> not_eligible(const State& state, const Job& job, Time now);

}  // namespace usine
