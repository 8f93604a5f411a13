// What would start a waiting job sooner: a shorter limit, fewer nodes, another partition, fewer
// wishes about where. Each is tried by running the planner ahead on a copy of what matters to the
// job, and said only where it does. Takes many planning passes: for a thread of its own. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"

namespace usine {

struct Change {
  std::string option;    // as it is written: "--nodes=12"; for people and scripts
  Time start;            // when the job would start at the latest, if nobody submits anything more
  bool resubmit = true;  // it means to cancel the job and submit it anew; else `usine update`

  friend bool operator==(const Change&, const Change&) = default;
};

struct WhatIf {
  std::optional<Time> start;    // of the job as it is, by the same reckoning
  std::vector<Change> changes;  // soonest first
};

// A copy of the state with what runs, the job, and the first of those that wait `ahead` of it
// (OrderPlace); those behind can only start where they delay nothing.
[[nodiscard]] State trial_state(const State& state, const Job& job, std::span<const JobId> ahead);

// `trial`: of trial_state(); the job is pending and eligible there.
[[nodiscard]] WhatIf what_if(const State& trial, JobId job, Time now);

}  // namespace usine
