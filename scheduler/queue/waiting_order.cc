#include "scheduler/queue/waiting_order.h"

#include <variant>

namespace usine {

std::vector<JobId> jobs_of(const Event& event) {
  return std::visit(
      [](const auto& kind) {
        std::vector<JobId> jobs;
        if constexpr (requires { kind.array; }) jobs.push_back(kind.array);
        if constexpr (requires { kind.job; }) jobs.push_back(kind.job);
        if constexpr (requires { kind.key; }) jobs.push_back(kind.key.job);
        return jobs;
      },
      event);
}

void WaitingOrder::rebuild(const State& state) {
  order_.clear();
  later_.clear();
  by_job_.clear();
  waiting_.clear();
  if (!state.config) return;
  for (const auto& [id, job] : state.jobs) update(state, id);
}

void WaitingOrder::take(const State& state, const Event& event) {
  // Ranks are made of the configuration.
  if (std::holds_alternative<ClusterConfigured>(event)) return rebuild(state);
  for (const JobId id : jobs_of(event)) update(state, id);
}

void WaitingOrder::update(const State& state, JobId id) {
  remove(id);
  const Job* const job = state.find_job(id);
  if (job == nullptr || job->state != JobState::kPending) {
    waiting_.erase(id);
    return;
  }
  waiting_.insert(id);
  if (!job->eligible_since) return;
  const Entry entry{rank_of(*job, *state.config), *job->eligible_since,
                    *job->eligible_since <= state.now};
  by_job_.emplace(id, entry);
  if (entry.counts) {
    order_.insert(entry.rank);
  } else {
    later_.emplace(entry.since, id);
  }
}

void WaitingOrder::remove(JobId id) {
  const auto known = by_job_.find(id);
  if (known == by_job_.end()) return;
  const Entry& entry = known->second;
  if (entry.counts) {
    order_.erase(entry.rank);
  } else {
    later_.erase({entry.since, id});
  }
  by_job_.erase(known);
}

void WaitingOrder::open_until(Time now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    Entry& entry = by_job_.at(later_.begin()->second);
    entry.counts = true;
    order_.insert(entry.rank);
    later_.erase(later_.begin());
  }
}

OrderPlace WaitingOrder::place_of(const State& state, const Job& job, Time now, std::size_t shown) {
  open_until(now);
  const RankKey own = rank_of(job, *state.config);
  OrderPlace place;
  place.ahead = order_.before(own);
  place.waiting = waiting_.size();
  for (const RankKey& rank : order_) {
    if (place.next_to_start.size() == shown || !(rank < own)) break;
    place.next_to_start.push_back(rank.job);
  }
  return place;
}

}  // namespace usine
