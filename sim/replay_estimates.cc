#include "sim/replay_estimates.h"

#include <algorithm>
#include <variant>

namespace usine::sim {

void ReplayEstimates::take(const State& after, const std::vector<Event>& events, Time now) {
  for (const Event& event : events) {
    estimator_.take(after, event, now);
    if (const auto* const submitted = std::get_if<JobSubmitted>(&event)) {
      const JobRequest& request = *submitted->request;
      const std::uint64_t gpus = request.total_gpus();
      score_.submitted(submitted->job, gpus > 0 ? gpus : request.total_nodes());
    } else if (const auto* const started = std::get_if<AttemptStarted>(&event)) {
      score_.started(started->key.job, now);
    } else if (const auto* const ended = std::get_if<JobEnded>(&event)) {
      score_.ended(ended->job);
    }
  }
}

void ReplayEstimates::refresh_if_due(const State& state, std::span<const Promise> promises,
                                     Time now) {
  if (now < next_) return;
  next_ = now + every_;
  std::vector<KeptStart> kept;
  for (const Promise& promise : promises) kept.push_back({promise.job, promise.at});
  score_.made(estimator_.refresh(state, kept, now));
}

}  // namespace usine::sim
