#include "scheduler/policy/outlook.h"

#include <algorithm>
#include <utility>

#include "scheduler/core/decide.h"
#include "scheduler/policy/eligibility.h"

namespace usine {
namespace {

State without_jobs(const State& state) {
  State copy;
  copy.cluster_uuid = state.cluster_uuid;
  copy.epoch = state.epoch;
  copy.sequence = state.sequence;
  copy.now = state.now;
  copy.next_job = state.next_job;
  copy.config = state.config;
  copy.nodes = state.nodes;
  copy.reservations = state.reservations;
  copy.run_times = state.run_times;
  copy.node_by_name = state.node_by_name;
  copy.claimed_by = state.claimed_by;
  copy.running = state.running;
  return copy;
}

bool share_a_group(const LimitUse& a, const LimitUse& b) {
  const auto of_b = std::span(b.groups).first(b.count);
  return std::ranges::any_of(std::span(a.groups).first(a.count), [&of_b](std::uint32_t group) {
    return std::ranges::find(of_b, group) != of_b.end();
  });
}

// Of two starts the earlier, where none is never.
std::optional<Promise> sooner(std::optional<Promise> a, std::optional<Promise> b) {
  if (!a || (b && b->at < a->at)) return b;
  return a;
}

}  // namespace

std::vector<const Job*> first_in_order(const State& state, Time now, std::size_t most) {
  using Ranked = std::pair<RankKey, const Job*>;
  std::vector<Ranked> first;  // a heap with the last of them in front
  for (const auto& [id, job] : state.jobs) {
    const bool waits = job.state == JobState::kPending && job.eligible_since;
    if (!waits || *job.eligible_since > now || not_eligible(state, job, now)) continue;
    const Ranked ranked{rank_of(job, *state.config), &job};
    if (first.size() == most && first.front().first < ranked.first) continue;
    first.push_back(ranked);
    std::ranges::push_heap(first, {}, &Ranked::first);
    if (first.size() <= most) continue;
    std::ranges::pop_heap(first, {}, &Ranked::first);
    first.pop_back();
  }
  std::ranges::sort(first, {}, &Ranked::first);
  std::vector<const Job*> jobs;
  for (const Ranked& one : first) jobs.push_back(one.second);
  return jobs;
}

Outlook::Outlook(const State& state, Time now)
    : state_(without_jobs(state)), machine_(state_), finder_(machine_), kept_(machine_) {
  take_running(state);
  reserved_.renew(state_, machine_);
  promise_first(state, std::max(now, state.now));
}

void Outlook::take_running(const State& state) {
  for (const auto& [id, job] : state.jobs) {
    if (job.claim) kept_.keep(id, job.claim->allocation, job.claim->until + job.limit());
    if (!job.attempt) continue;
    const Time end = latest_end(job, *state_.config);
    const Attempt& attempt = *job.attempt;
    for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
      if (attempt.nodes[i].phase == NodePhase::kEnded) continue;
      machine_.add_release(id, end, attempt.allocation.nodes[i]);
    }
    const LimitUse use = state_.running.use_of(job);
    if (use.count > 0) ends_.push_back({end, use});
  }
  std::ranges::stable_sort(ends_, {}, &End::at);
}

void Outlook::promise_first(const State& state, Time now) {
  for (const Job* const job : first_in_order(state, now, kAheadMax)) {
    // It has nodes of its own, which nobody else waits for.
    if (!job->request->reservation.empty()) continue;
    open(*job);
    auto found = find(*job, now, ahead_.size());
    close(*job);
    if (!found) continue;
    hold(machine_, *found);
    ahead_.push_back(
        {rank_of(*job, *state_.config), *std::move(found), state_.running.use_of(*job)});
  }
}

std::optional<Promise> Outlook::find(const Job& job, Time now, std::size_t ahead) {
  const auto from = admitted_from(state_.running.use_of(job), now, ahead);
  if (!from) return std::nullopt;
  const Millis length = job.limit() + state_.config->timings.kill_wait;
  const auto search = [&](Switches switches, Time since) {
    const Demand demand = make_demand(machine_, job.partition, job.request, switches);
    return finder_.find(job.id, demand, {since, length});
  };
  const Switches wanted = switches_wanted(job, *from);
  auto found = search(wanted, *from);
  const auto until = wanted == Switches::kAsAsked ? switches_until(job) : std::nullopt;
  if (!until || (found && found->at <= *until)) return found;
  return sooner(std::move(found), search(Switches::kAny, std::max(*from, *until)));
}

std::optional<Time> Outlook::admitted_from(const LimitUse& use, Time now, std::size_t ahead) {
  if (use.count == 0) return now;
  std::vector<End> ends;
  std::ranges::copy_if(ends_, std::back_inserter(ends),
                       [&use](const End& end) { return share_a_group(end.use, use); });
  RunningLimits& limits = state_.running;
  for (std::size_t i = 0; i < ahead; ++i) {
    if (!share_a_group(ahead_[i].use, use)) continue;
    limits.take(ahead_[i].use);
    ends.push_back({ahead_[i].promise.until, ahead_[i].use});
  }
  std::ranges::stable_sort(ends, {}, &End::at);
  std::optional<Time> from = now;
  std::size_t ended = 0;
  while (limits.blocked(use)) {
    if (ended == ends.size()) {
      from.reset();
      break;
    }
    from = std::max(now, ends[ended].at);
    limits.give_back(ends[ended++].use);
  }
  for (std::size_t i = 0; i < ended; ++i) limits.take(ends[i].use);
  for (std::size_t i = 0; i < ahead; ++i) {
    if (share_a_group(ahead_[i].use, use)) limits.give_back(ahead_[i].use);
  }
  return from;
}

void Outlook::open(const Job& job) {
  if (job.claim) kept_.lift(job.id);
  reserved_.lift(job.request->reservation, machine_);
}

void Outlook::close(const Job& job) {
  reserved_.lay(job.request->reservation, machine_);
  if (job.claim) kept_.lay(job.id);
}

std::optional<Time> Outlook::start_of(const Job& job, Time now) {
  now = std::max(now, state_.now);
  std::optional<Ahead> own;
  const auto entry =
      std::ranges::find(ahead_, job.id, [](const Ahead& one) { return one.rank.job; });
  const auto place = entry - ahead_.begin();
  if (entry != ahead_.end()) {
    own = std::move(*entry);
    let_go(machine_, own->promise);
    ahead_.erase(entry);
  }
  const auto behind =
      std::ranges::lower_bound(ahead_, rank_of(job, *state_.config), {}, &Ahead::rank);
  for (auto one = behind; one != ahead_.end(); ++one) let_go(machine_, one->promise);
  open(job);
  const auto found = find(job, now, static_cast<std::size_t>(behind - ahead_.begin()));
  close(job);
  for (auto one = behind; one != ahead_.end(); ++one) hold(machine_, one->promise);
  if (own) {
    hold(machine_, own->promise);
    ahead_.insert(ahead_.begin() + place, *std::move(own));
  }
  if (!found) return std::nullopt;
  return found->at;
}

Result<Job> Outlook::submitted(const std::shared_ptr<const JobRequest>& request, Time now) {
  now = std::max(now, state_.now);
  const Caller owner{request->user, request->uid, request->gid, false};
  const Decision taken = decide(state_, SubmitJob{owner, request, false, {}}, now);
  if (!taken.reply) return fail(taken.reply.error());
  const JobId id = std::get<Submitted>(*taken.reply).job;
  Job job = *state_.find_job(id);
  apply_event(state_, JobEnded{id, JobState::kCancelled, {}, {}, now});
  apply_event(state_, JobForgotten{id});
  return job;
}

}  // namespace usine
