// Says of every waiting job that can start when that is likely to be, and in which range, from a
// state and from how far it was off before. It decides nothing, and nothing that decides asks it.
// Belongs to whoever keeps a replica: told of events as they are applied, asked at any rate for all
// jobs at once. Equal events and equal times of refreshes give equal estimates. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/estimate/estimate.h"
#include "scheduler/estimate/lengths.h"
#include "scheduler/estimate/ranges.h"

namespace usine {

class Estimator {
 public:
  // `after` has the event applied.
  void take(const State& after, const Event& event, Time now);

  // All estimates anew. A range never ends after a start that the planner keeps.
  [[nodiscard]] Estimates refresh(const State& state, std::span<const KeptStart> kept, Time now);

 private:
  void learn_length(const Job& job, Time ended);
  void fit_lengths(const State& state, Time now);

  EstimateLengths lengths_;
  EstimateRanges ranges_;
};

}  // namespace usine
