// The estimates of a replay: made by the scheduler's own estimator from the replay's state, as
// often as it is told, and scored. Changes nothing of the replay. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/time.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/estimate/estimator.h"
#include "scheduler/policy/promise.h"
#include "sim/estimate_score.h"

namespace usine::sim {

class ReplayEstimates {
 public:
  explicit ReplayEstimates(Millis every) : every_(every) {}

  // `after` has the events applied.
  void take(const State& after, const std::vector<Event>& events, Time now);
  void refresh_if_due(const State& state, std::span<const Promise> promises, Time now);

  [[nodiscard]] EstimateFigures figures() const { return score_.figures(); }

 private:
  Estimator estimator_;
  EstimateScore score_;
  Millis every_;
  Time next_{};
};

}  // namespace usine::sim
