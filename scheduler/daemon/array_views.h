// How arrays and their tasks are shown: counts and indexes by state, and which job a name such as
// "1234_7" stands for. Pure functions of a state; any thread.
#pragma once

#include <cstddef>

#include "common/ids.h"
#include "common/result.h"
#include "proto/users.pb.h"
#include "scheduler/core/state.h"

namespace usine::daemon {

// What a list shows of the indexes in each state; one job alone is shown with more of them.
inline constexpr std::size_t kListedRangesMax = 8;
inline constexpr std::size_t kDetailedRangesMax = 1'000;

// Fills in array_id and array_index of a task, and `array` of an array.
void add_array(const State& state, const Job& job, std::size_t ranges_max,
               proto::JobSummary& summary);

// The job that is asked for: of a task its latest job, or its array's as long as it has none.
// Error: kNotFound.
[[nodiscard]] Result<JobId> named_job(const State& state, const proto::GetJobRequest& request);

}  // namespace usine::daemon
