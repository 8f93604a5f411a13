// What is learned of run times puts jobs in order; a start that is promised moves for none of it.
#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// Jobs go by their lengths, as they do by default.
ClusterConfig cluster_by_lengths(std::uint32_t nodes) {
  ClusterConfig config = cluster_of(nodes, 4);
  config.priority = {};
  config.priority.protected_jobs = 8;
  return config;
}

// A job of that name, whose runs are learned under it.
JobRequest named(const std::string& name, const test::Ask& ask) {
  JobRequest request = request_for(ask);
  request.name = name;
  return request;
}

// Runs of that name take so long from now on.
void teach(CoreDriver& core, const std::string& name, const test::Ask& ask, Seconds run) {
  for (int i = 0; i < 3; ++i) {
    const JobId job = core.submit(named(name, ask));
    core.plan();
    core.prepare_all(job);
    core.now += run;
    core.end_all(job);
  }
}

// One node, taken for an hour, and a job that waits for it.
struct Waiting {
  CoreDriver core{cluster_by_lengths(1)};
  const test::Ask whole_node{.gpus = 8, .time_limit = Seconds{3600}};
  JobId first;
  Time promised;

  Waiting() {
    core.join_all();
    teach(core, "brief", whole_node, Seconds{20});
    core.running(whole_node);
    first = core.submit(named("unknown", whole_node));
    promised = core.plan().estimates.at(first);
    core.now += Seconds{1};
  }

  // Where the first one's start is promised once every waiting job has been looked at again.
  Time planned_again() {
    core.planner().look_again();
    return core.plan().estimates.at(first);
  }
};

TEST_CASE("[B77] a job that is expected to be brief does not move the promised start of another") {
  Waiting test;
  const JobId brief = test.core.submit(named("brief", test.whole_node));
  REQUIRE(rank_of(test.core.job(brief), *test.core.state.config) <
          rank_of(test.core.job(test.first), *test.core.state.config));
  CHECK(test.planned_again() == test.promised);
  test.core.now += Seconds{5};
  CHECK(test.planned_again() == test.promised);
}

TEST_CASE("a promised start gives way to a job that goes first by its limit") {
  Waiting test;
  const JobId brief = test.core.submit(named("other", {.gpus = 8, .time_limit = Seconds{60}}));
  test.core.planner().look_again();
  const Plan plan = test.core.plan();
  CHECK(plan.estimates.at(brief) == test.promised);
  CHECK(plan.estimates.at(test.first) > test.promised);
}

// Limits are equal, so that by limits the order is that of submission.
TEST_CASE("[B77] no guess moves a promised start back in random queues") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  const std::string names = "abcd";
  CoreDriver core(cluster_by_lengths(8));
  core.join_all();
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    for (std::uint32_t nodes = 1; nodes <= 4; nodes *= 2) {
      teach(core, {names[i]}, {.nodes = nodes, .gpus = 8, .time_limit = Seconds{1800}},
            Seconds{1 + 400 * i});
    }
  }
  std::map<JobId, Time> promised;
  std::size_t out_of_order = 0;
  for (int step = 0; step < 150; ++step) {
    core.now += Millis{1'000};
    const JobId job = core.submit(
        named({names[below(4)]}, {.nodes = 1 + below(6), .gpus = 8, .time_limit = Seconds{1800}}));
    out_of_order += core.job(job).expected_length() < Seconds{1800} ? 1 : 0;
    if (below(4) == 0) core.planner().look_again();
    const Plan plan = core.plan();
    for (const auto& [waiting, at] : plan.estimates) {
      const auto known = promised.find(waiting);
      if (known != promised.end()) CHECK(at <= std::max(known->second, core.now));
      promised[waiting] = at;
    }
  }
  CHECK(out_of_order > 0);
}

}  // namespace
}  // namespace usine
