// What the planner keeps from pass to pass, for the parts of a pass to work on.
#pragma once

#include <vector>

#include "scheduler/core/state.h"
#include "scheduler/placement/gang.h"
#include "scheduler/placement/machine.h"
#include "scheduler/policy/demand_table.h"
#include "scheduler/policy/kept_places.h"
#include "scheduler/policy/promise.h"
#include "scheduler/policy/reserved_claims.h"
#include "scheduler/policy/start_finder.h"
#include "scheduler/queue/queue.h"

namespace usine {

struct PlanningIndexes {
  State& state;
  Machine& machine;
  GangPlacer& placer;
  StartFinder& finder;
  const Queue& queue;
  DemandTable& demands;
  std::vector<Promise>& promises;  // in the order of the queue
  const ReservedClaims& reserved;
  KeptPlaces& kept;
};

}  // namespace usine
