#include "scheduler/policy/stall.h"

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

constexpr Millis kAfter{60'000};

StallWatch::Said nothing_said() {
  return [](JobId) { return std::nullopt; };
}

TEST_CASE("[B96] idle nodes beside a job without a decision raise one alarm after a while") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{.nodes = 2, .gpus = 8});
  StallWatch watch(kAfter);
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now).has_value());
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now + Millis{59'999}).has_value());
  const auto stall = watch.look(core.state, nothing_said(), core.now + kAfter);
  REQUIRE(stall);
  CHECK(stall->job == job);
  CHECK(stall->since == core.now);
  CHECK(stall->idle_nodes == 4);
  CHECK(stall->said.kind == ReasonKind::kNotYetConsidered);
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now + 2 * kAfter).has_value());
}

TEST_CASE("[B96] a job that there is room for and that is said to lack it stalls as well") {
  CoreDriver core;
  core.join_all();
  core.submit(Ask{.gpus = 8});
  const StallWatch::Said busy = [](JobId) { return Reason{ReasonKind::kGpusBusy, 8, 0, 1, {}}; };
  StallWatch watch(kAfter);
  CHECK_FALSE(watch.look(core.state, busy, core.now).has_value());
  const auto stall = watch.look(core.state, busy, core.now + kAfter);
  REQUIRE(stall);
  CHECK(stall->said.kind == ReasonKind::kGpusBusy);
}

TEST_CASE("[B96] no alarm where a job starts in time or is kept by a rule") {
  CoreDriver core;
  core.join_all();
  StallWatch watch(kAfter);
  core.submit(Ask{.nodes = 4, .gpus = 8});
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now).has_value());
  core.plan();
  core.submit(Ask{.gpus = 8});
  JobRequest held = test::request_for({});
  held.hold = true;
  core.submit(held);
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now + kAfter).has_value());
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now + 3 * kAfter).has_value());
}

TEST_CASE("[B96] a suspect that has started makes room for the next one") {
  CoreDriver core;
  core.join_all();
  StallWatch watch(kAfter);
  core.submit(Ask{});
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now).has_value());
  core.plan();
  core.submit(Ask{});
  CHECK_FALSE(watch.look(core.state, nothing_said(), core.now + kAfter).has_value());
  CHECK(watch.look(core.state, nothing_said(), core.now + 2 * kAfter).has_value());
}

}  // namespace
}  // namespace usine
