// What would start a waiting job sooner: a shorter limit, fewer nodes, another partition, fewer
// wishes about where. Each is tried on an outlook, as the job itself is, and said only where it
// does; at most twenty, each one search of the timeline. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/policy/outlook.h"

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

// Of a job that waits and is eligible, no array and no task of one. `free_nodes`: as for
// variations_of().
[[nodiscard]] WhatIf what_if(Outlook& outlook, const Job& job, std::uint32_t free_nodes, Time now);

}  // namespace usine
