// Which running jobs make room for a waiting one of a higher class, or for one whose project is
// owed what others have borrowed (B75): none where it would not fit even so, no lower number of
// them that a few simple orders find, and of as many those that lose the least work since their
// newest checkpoint (B70). Nothing is decided here but the choice: the core asks the victims to
// stop and keeps their nodes. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/demand.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"

namespace usine {

// Placements that one choice tries at most.
inline constexpr std::size_t kPreemptionTriesMax = 200;

struct VictimChoice {
  std::vector<JobId> victims;  // ascending; empty: none, then `allocation` is empty too
  Allocation allocation;       // where the job goes once they have left
  std::optional<Time> again;   // when more of them may be put back than now
};

struct PreemptionQuestion {
  const Job& job;
  const Demand& demand;
  Run run;
};

// Tries on `machine`, and rolls back what it tried. Exact for a job on one node that any node may
// hold: then no smaller set and none of as many that loses less work would do.
[[nodiscard]] VictimChoice choose_victims(Machine& machine, GangPlacer& placer,
                                          const PreemptionQuestion& question);

}  // namespace usine
