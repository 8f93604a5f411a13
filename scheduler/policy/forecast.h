// When a request would start if it were submitted now: the planner is run ahead on a copy of the
// state, as if every job used its whole time limit and nobody submitted anything more. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "common/result.h"
#include "common/time.h"
#include "model/reason.h"
#include "scheduler/core/command.h"
#include "scheduler/core/state.h"

namespace usine {

// Planning passes that one forecast runs at most; beyond that no start is named.
inline constexpr std::size_t kForecastPassesMax = 200;

struct Forecast {
  std::optional<Time> start;
  std::optional<Reason> blocked_by;  // now; none where it would start at once
};

// Errors: those of a submission.
[[nodiscard]] Result<Forecast> forecast(State state, SubmitJob submission, Time now);

}  // namespace usine
