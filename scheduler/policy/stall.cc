#include "scheduler/policy/stall.h"

#include "scheduler/policy/eligibility.h"
#include "scheduler/policy/explain.h"
#include "scheduler/queue/priority.h"

namespace usine {
namespace {

bool is_undecided(const std::optional<Reason>& said) {
  return !said || said->kind == ReasonKind::kNotYetConsidered ||
         said->kind == ReasonKind::kPassLimit;
}

// A count of the nodes tells whether there is room only for one component without features that
// must add up.
bool is_plain(const Job& job) {
  const auto& components = job.request->components;
  return components.size() == 1 && components.front().constraint.counts.empty() &&
         components.front().constraint.one_of.empty();
}

// Those that may stall: the first in the order, which nothing but room and limits may keep, and the
// first that no pass has come to.
struct Suspects {
  const Job* first = nullptr;
  const Job* undecided = nullptr;
};

Suspects find_suspects(const State& state, const StallWatch::Said& said, Time now) {
  Suspects found;
  RankKey lowest{};
  for (const auto& [id, job] : state.jobs) {
    const bool waits = job.state == JobState::kPending && job.eligible_since &&
                       *job.eligible_since <= now && is_plain(job);
    if (!waits || not_eligible(state, job, now)) continue;
    const RankKey rank = rank_of(job, *state.config);
    if (found.first == nullptr || rank < lowest) {
      found.first = &job;
      lowest = rank;
    }
    if (found.undecided == nullptr && is_undecided(said(id))) found.undecided = &job;
  }
  return found;
}

// Nothing that an explanation knows of keeps it.
bool could_start(const Explanation& explanation) {
  return explanation.rules.size() == 1 &&
         explanation.rules.front().reason.kind == ReasonKind::kNotYetConsidered;
}

}  // namespace

std::optional<Stall> StallWatch::look(const State& state, const Said& said, Time now) {
  const Suspects suspects = find_suspects(state, said, now);
  for (const Job* const job : {suspects.first, suspects.undecided}) {
    if (job == nullptr) continue;
    const Explanation explanation = explain(state, *job, std::nullopt, now);
    if (!could_start(explanation)) continue;
    if (suspect_ != job->id) {
      suspect_ = job->id;
      suspect_since_ = now;
    }
    if (now - suspect_since_ < after_ || told_ == job->id) return std::nullopt;
    told_ = job->id;
    const auto idle = static_cast<std::uint32_t>(explanation.components.front().free.size());
    return Stall{job->id, suspect_since_, idle, said(job->id).value_or(Reason{})};
  }
  suspect_.reset();
  return std::nullopt;
}

}  // namespace usine
