#include "scheduler/queue/waiting_order.h"

#include <random>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::request_for;

// By a look at every job.
OrderPlace counted(const State& state, const Job& job, Time now, std::size_t shown) {
  OrderPlace place;
  std::set<RankKey> first;
  for (const auto& [id, other] : state.jobs) {
    if (other.state != JobState::kPending) continue;
    ++place.waiting;
    const bool eligible = other.eligible_since && *other.eligible_since <= now;
    const RankKey rank = rank_of(other, *state.config);
    if (eligible && rank < rank_of(job, *state.config)) first.insert(rank);
  }
  place.ahead = first.size();
  for (const RankKey& rank : first) {
    if (place.next_to_start.size() < shown) place.next_to_start.push_back(rank.job);
  }
  return place;
}

TEST_CASE("a job's place in the order counts those that wait ahead of it") {
  CoreDriver core;
  core.join_all();
  core.submit(Ask{.nodes = 4, .gpus = 8});
  core.plan();
  std::vector<JobId> jobs;
  for (int i = 0; i < 8; ++i) {
    core.now += Seconds{1};
    jobs.push_back(core.submit(Ask{.gpus = 8}));
  }
  WaitingOrder order;
  order.rebuild(core.state);
  const OrderPlace place = order.place_of(core.state, core.job(jobs[6]), core.now, 4);
  CHECK(place.ahead == 6);
  CHECK(place.waiting == 8);
  CHECK(place.next_to_start == std::vector<JobId>(jobs.begin(), jobs.begin() + 4));
}

TEST_CASE("a job that may not begin yet goes before nobody until its time has come") {
  CoreDriver core;
  JobRequest early = request_for({});
  early.begin = core.now + Seconds{60};
  early.priority = -1;
  const JobId later = core.submit(early);
  early.begin = core.now + Seconds{30};
  early.priority = 0;
  const JobId first = core.submit(early);
  WaitingOrder order;
  order.rebuild(core.state);
  CHECK(order.place_of(core.state, core.job(later), core.now, 5).ahead == 0);
  const OrderPlace place = order.place_of(core.state, core.job(later), core.now + Seconds{31}, 5);
  CHECK(place.ahead == 1);
  CHECK(place.next_to_start == std::vector{first});
}

// One change that a user or a node might make.
void change(CoreDriver& core, std::mt19937& random) {
  const auto below = [&random](std::uint32_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  core.now += Millis{below(20'000)};
  const std::uint32_t kind = below(8);
  if (kind < 3) {
    JobRequest request = request_for({.nodes = 1 + below(4), .gpus = 8});
    request.time_limit = Seconds{600 * (1 + below(20))};
    request.hold = below(6) == 0;
    if (below(4) == 0) request.begin = core.now + Seconds{below(100)};
    core.submit(std::move(request));
    return;
  }
  if (kind == 3) {
    core.plan();
    return;
  }
  if (kind == 4) return core.pass(Millis{below(60'000)});
  const JobId job{1 + below(static_cast<std::uint32_t>(core.state.next_job.value))};
  if (kind == 5) {
    static_cast<void>(core.run(SetJobLimit{CoreDriver::user("ada"), job, Seconds{900}, {}}));
    return;
  }
  const JobAction actions[] = {JobAction::kHold, JobAction::kRelease, JobAction::kCancel,
                               JobAction::kRequeue};
  static_cast<void>(core.run(ActOnJob{CoreDriver::user("ada"), job, actions[below(4)]}));
}

TEST_CASE("places kept up to date by events are those of a look at every job") {
  const std::uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  CoreDriver core;
  core.join_all();
  WaitingOrder order;
  order.rebuild(core.state);
  std::size_t compared = 0;
  for (int step = 0; step < 300; ++step) {
    change(core, random);
    for (const Event& event : core.last_events) order.take(core.state, event);
    for (const auto& [id, job] : core.state.jobs) {
      if (job.state != JobState::kPending) continue;
      CHECK(order.place_of(core.state, job, core.now, 3) == counted(core.state, job, core.now, 3));
      ++compared;
    }
  }
  CHECK(compared > 0);
}

}  // namespace
}  // namespace usine
