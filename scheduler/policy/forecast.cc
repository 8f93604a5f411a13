#include "scheduler/policy/forecast.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/core/arrays.h"
#include "scheduler/core/decide.h"
#include "scheduler/core/dependencies.h"
#include "scheduler/policy/planner.h"

namespace usine {
namespace {

// A planner and the future it is led through.
class Future {
 public:
  Future(State state, Time now) : planner_(std::move(state)), now_(now) {
    for (const auto& [id, job] : planner_.state().jobs) {
      if (job.attempt) note_end(job, job.attempt->started.value_or(job.attempt->placed));
    }
  }

  [[nodiscard]] Time now() const { return now_; }

  // What one pass decides, which then holds.
  [[nodiscard]] Plan pass() {
    Plan plan = planner_.plan(now_);
    for (const ProposedStart& start : plan.proposals.starts) {
      std::vector<Event> events = start_events(planner_.state(), start, now_);
      const JobId placed = std::get<AttemptPlaced>(events.back()).job;
      take(std::move(events));
      note_end(*planner_.state().find_job(placed), now_);
    }
    return plan;
  }

  // Goes to the next time at which something may start. False: there is none.
  [[nodiscard]] bool advance() {
    const std::optional<Time> wake = planner_.next_wake();
    if (ends_.empty() && !wake) return false;
    if (ends_.empty() || (wake && *wake < ends_.begin()->first)) {
      now_ = std::max(now_, *wake);
      return true;
    }
    now_ = std::max(now_, ends_.begin()->first);
    std::vector<Event> events;
    while (!ends_.empty() && ends_.begin()->first <= now_) {
      end(ends_.begin()->second, events);
      ends_.erase(ends_.begin());
    }
    take(std::move(events));
    return true;
  }

 private:
  void note_end(const Job& job, Time started) { ends_.emplace(started + job.limit(), job.id); }

  void end(JobId id, std::vector<Event>& events) const {
    const Attempt& attempt = *planner_.state().find_job(id)->attempt;
    const AttemptKey key{id, attempt.number};
    for (std::uint32_t i = 0; i < attempt.nodes.size(); ++i) {
      if (attempt.nodes[i].phase == NodePhase::kEnded) continue;
      events.push_back(AttemptNodeEnded{key, i, {}, {}, 0});
    }
    events.push_back(AttemptEnded{key, JobState::kCompleted, {}, now_});
    events.push_back(JobEnded{id, JobState::kCompleted, {}, {}, now_});
  }

  // Takes the events, then what they mean for jobs that depend on others, and so on.
  void take(std::vector<Event> events) {
    while (!events.empty()) {
      planner_.apply_row(Sequence{planner_.state().sequence.value + 1}, now_, events);
      std::vector<Event> next;
      for (const Event& event : events) {
        std::ranges::move(array_consequences(planner_.state(), event, now_),
                          std::back_inserter(next));
        std::ranges::move(dependency_consequences(planner_.state(), event, now_),
                          std::back_inserter(next));
      }
      events = std::move(next);
    }
  }

  Planner planner_;
  Time now_;
  std::multimap<Time, JobId> ends_;  // of those that run, by their limits
};

bool starts(const Plan& plan, JobId job) {
  return std::ranges::any_of(plan.proposals.starts,
                             [job](const ProposedStart& start) { return start.job == job; });
}

// Of a job that waits in `state`.
Forecast forecast_job(State state, JobId job, Time now) {
  Future future(std::move(state), now);
  Forecast forecast;
  for (std::size_t passes = 0; passes < kForecastPassesMax; ++passes) {
    const Plan plan = future.pass();
    if (starts(plan, job)) {
      forecast.start = future.now();
      return forecast;
    }
    const Reason* const reason = plan.reasons.find(job);
    if (!forecast.blocked_by && reason != nullptr) forecast.blocked_by = *reason;
    if (!future.advance()) break;
  }
  return forecast;
}

}  // namespace

Result<Forecast> forecast(State state, SubmitJob submission, Time now) {
  now = std::max(now, state.now);
  auto fresh = std::make_shared<JobRequest>(*submission.request);
  fresh->idempotency_key.clear();  // an earlier submission is not what is asked about
  submission.request = std::move(fresh);
  submission.test_only = false;
  const Decision decision = decide(state, std::move(submission), now);
  if (!decision.reply) return fail(decision.reply.error());
  const JobId job = std::get<Submitted>(*decision.reply).job;
  return forecast_job(std::move(state), job, now);
}

}  // namespace usine
