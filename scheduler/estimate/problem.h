// A state as the run ahead takes it (run_ahead.h): the free parts of nodes, who runs for how
// much longer, who waits for what in which order. Pure.
#pragma once

#include <vector>

#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/estimate/lengths.h"
#include "scheduler/estimate/run_ahead.h"

namespace usine {

struct EstimateTask {
  EstimateProblem problem;
  // Of the state, valid as long as it stays as it is.
  std::vector<const Job*> jobs;      // parallel to problem.waiting
  std::vector<const Job*> reserved;  // those that wait and name a reservation
};

// Every waiting job that can start: not those that are held, whose dependencies can never be met,
// that wait for a lost node or for one that fails, nor those that name a reservation.
[[nodiscard]] EstimateTask make_estimate_task(const State& state, const EstimateLengths& lengths,
                                              Time now);

}  // namespace usine
