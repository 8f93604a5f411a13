// When a waiting job is likely to start: a point in time and the range that holds the real start
// eight times of ten. What a refresh (estimator.h) finds for all jobs at once. Plain values; pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/time.h"

namespace usine {

// The share of estimates whose range holds the real start, as it is stated to users.
inline constexpr std::uint32_t kEstimateSharePercent = 80;

struct Estimate {
  JobId job;
  Time start;
  Time earliest;  // one time of ten it starts before
  Time latest;    // one time of ten it starts after

  friend bool operator==(const Estimate&, const Estimate&) = default;
};

// A start that the planner keeps: the job starts then at the latest.
struct KeptStart {
  JobId job;
  Time at;
};

struct Estimates {
  Time as_of;
  std::vector<Estimate> jobs;  // ascending by job

  // Null where no start can be said. Valid as long as the list.
  [[nodiscard]] const Estimate* find(JobId job) const {
    const auto found = std::ranges::lower_bound(jobs, job, {}, &Estimate::job);
    return found != jobs.end() && found->job == job ? &*found : nullptr;
  }
};

}  // namespace usine
