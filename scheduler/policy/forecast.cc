#include "scheduler/policy/forecast.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/core/decide.h"
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
    std::vector<Event> events;
    for (const ProposedStart& start : plan.proposals.starts) {
      const Job& job = *planner_.state().find_job(start.job);
      note_end(job, now_);
      events.push_back(AttemptPlaced{start.job, AttemptNumber{job.attempts + 1},
                                     planner_.state().epoch, start.allocation, now_});
    }
    take(events);
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
    take(events);
    return true;
  }

 private:
  void note_end(const Job& job, Time started) {
    ends_.emplace(started + job.request->time_limit, job.id);
  }

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

  void take(const std::vector<Event>& events) {
    if (events.empty()) return;
    planner_.apply_row(Sequence{planner_.state().sequence.value + 1}, now_, events);
  }

  Planner planner_;
  Time now_;
  std::multimap<Time, JobId> ends_;  // of those that run, by their limits
};

bool starts(const Plan& plan, JobId job) {
  return std::ranges::any_of(plan.proposals.starts,
                             [job](const ProposedStart& start) { return start.job == job; });
}

}  // namespace

Result<Forecast> forecast(State state, const Caller& caller, const JobRequest& request, Time now) {
  now = std::max(now, state.now);
  auto fresh = std::make_shared<JobRequest>(request);
  fresh->idempotency_key.clear();  // an earlier submission is not what is asked about
  const Decision decision = decide(state, SubmitJob{caller, std::move(fresh)}, now);
  if (!decision.reply) return fail(decision.reply.error());
  const JobId job = std::get<Submitted>(*decision.reply).job;
  Future future(std::move(state), now);
  Forecast forecast;
  for (std::size_t passes = 0; passes < kForecastPassesMax; ++passes) {
    Plan plan = future.pass();
    if (starts(plan, job)) {
      forecast.start = future.now();
      return forecast;
    }
    const auto reason = plan.reasons.find(job);
    if (!forecast.blocked_by && reason != plan.reasons.end()) forecast.blocked_by = reason->second;
    if (!future.advance()) break;
  }
  return forecast;
}

}  // namespace usine
