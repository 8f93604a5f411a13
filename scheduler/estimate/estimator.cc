#include "scheduler/estimate/estimator.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "scheduler/core/reservations.h"
#include "scheduler/estimate/problem.h"

namespace usine {
namespace {

struct Predicted {
  Prediction prediction;
  bool exists = true;
};

// A job that names a reservation starts when that opens, as far as can be said.
std::optional<Seconds> wait_in_reservation(const State& state, const Job& job, Time now) {
  const auto found = state.reservations.find(job.request->reservation);
  if (found == state.reservations.end() || job.hold != HoldKind::kNone) return std::nullopt;
  if (job.dependencies.verdict().phase != DependencyPhase::kMet) return std::nullopt;
  if (found->second.open) return Seconds(0);
  return std::chrono::ceil<Seconds>(std::max(next_turn(found->second) - now, Millis{0}));
}

std::vector<Prediction> predict(const State& state, const EstimateLengths& lengths, Time now) {
  EstimateTask task = make_estimate_task(state, lengths, now);
  task.problem.kept_max =
      std::min<std::size_t>(state.config->priority.protected_jobs, EstimateNodes::kKeptMax);
  const auto starts = run_ahead(std::move(task.problem));
  std::vector<Prediction> made;
  const auto add = [&](const Job& job, Seconds wait) {
    made.push_back(
        {job.id, wait, EstimateRanges::size_of(job.request->total_nodes(), state.nodes.size())});
  };
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (starts[i]) add(*task.jobs[i], Seconds(*starts[i]));
  }
  for (const Job* const job : task.reserved) {
    if (const auto wait = wait_in_reservation(state, *job, now)) add(*job, *wait);
  }
  return made;
}

}  // namespace

void Estimator::learn_length(const Job& job, Time ended) {
  if (!job.started) return;
  const auto run = std::chrono::duration_cast<Seconds>(ended - *job.started);
  lengths_.learn(run, job.limit());
}

void Estimator::fit_lengths(const State& state, Time now) {
  lengths_.forget_running();
  for (const auto& [id, job] : state.jobs) {
    if (!job.attempt || !job.attempt->started) continue;
    const Millis elapsed = std::max(now - *job.attempt->started, Millis{0});
    lengths_.note_running(std::chrono::duration_cast<Seconds>(elapsed), job.limit());
  }
  lengths_.fit();
}

void Estimator::take(const State& after, const Event& event, Time now) {
  if (const auto* const started = std::get_if<AttemptStarted>(&event)) {
    ranges_.started(started->key.job, now);
  } else if (const auto* const task = std::get_if<ArrayTaskStarted>(&event)) {
    ranges_.started(task->array, now);
  } else if (const auto* const attempt = std::get_if<AttemptEnded>(&event)) {
    if (const Job* const job = after.find_job(attempt->key.job)) learn_length(*job, attempt->at);
  } else if (const auto* const ended = std::get_if<JobEnded>(&event)) {
    ranges_.gone(ended->job);
  } else if (const auto* const held = std::get_if<JobHeld>(&event)) {
    ranges_.gone(held->job);
  }
}

Estimates Estimator::refresh(const State& state, std::span<const KeptStart> kept, Time now) {
  Estimates estimates{now, {}};
  if (!state.config) return estimates;
  fit_lengths(state, now);
  const std::vector<Prediction> predictions = predict(state, lengths_, now);
  ranges_.learn(now);
  std::map<JobId, Time> bounds;
  for (const KeptStart& start : kept) bounds.insert({start.job, start.at});
  for (const Prediction& one : predictions) {
    const EstimateRanges::Range range = ranges_.range_of(one.wait, one.size);
    Estimate made{one.job, now + range.middle, now + range.earliest, now + range.latest};
    if (const auto bound = bounds.find(one.job); bound != bounds.end()) {
      const Time at = std::max(bound->second, now);
      made.latest = std::min(made.latest, at);
      made.start = std::min(made.start, at);
      made.earliest = std::min(made.earliest, at);
    }
    estimates.jobs.push_back(made);
  }
  std::ranges::sort(estimates.jobs, {}, &Estimate::job);
  ranges_.remember(predictions, now);
  return estimates;
}

}  // namespace usine
