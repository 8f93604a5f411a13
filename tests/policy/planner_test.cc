#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

TEST_CASE(
    "[B64] with equal priority the earlier submission starts first and a hold keeps its place") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const JobId first = core.submit(Ask{.gpus = 8});
  core.now += Millis{10};
  const JobId second = core.submit(Ask{.gpus = 8});
  core.must(ActOnJob{CoreDriver::user("ada"), first, JobAction::kHold});
  core.must(ActOnJob{CoreDriver::user("ada"), first, JobAction::kRelease});
  core.plan();
  CHECK(core.state_of(first) == JobState::kPreparing);
  CHECK(core.state_of(second) == JobState::kPending);
}

TEST_CASE("a higher priority goes before an earlier submission") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const JobId early = core.submit(Ask{.gpus = 8});
  JobRequest request = request_for({.gpus = 8, .user = "operator"});
  request.priority = 10;
  const JobId urgent = core.submit(request);
  core.plan();
  CHECK(core.state_of(urgent) == JobState::kPreparing);
  CHECK(core.state_of(early) == JobState::kPending);
}

TEST_CASE("[B29] two gangs that each need most of the machine never hold half each") {
  CoreDriver core(cluster_of(10));
  core.join_all();
  const JobId first = core.submit(Ask{.nodes = 6, .gpus = 8});
  const JobId second = core.submit(Ask{.nodes = 6, .gpus = 8});
  const Plan plan = core.plan();
  CHECK(plan.proposals.starts.size() == 1);
  CHECK(core.job(first).attempt->allocation.nodes.size() == 6);
  CHECK_FALSE(core.job(second).attempt);
  CHECK(plan.reasons.at(second).kind == ReasonKind::kGpusBusy);
  CHECK(plan.reasons.at(second).free == 4);
}

TEST_CASE("every waiting job has a reason after the pass that looked at it") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  core.running(Ask{.gpus = 8});
  const JobId held = core.submit(Ask{});
  core.must(ActOnJob{CoreDriver::user("ada"), held, JobAction::kHold});
  const JobId busy = core.submit(Ask{.gpus = 1});
  JobRequest later = request_for({});
  later.begin = core.now + Millis{60'000};
  const JobId begins = core.submit(later);
  const Plan plan = core.plan();
  CHECK(plan.reasons.at(held).kind == ReasonKind::kHeld);
  CHECK(plan.reasons.at(busy).kind == ReasonKind::kGpusBusy);
  CHECK(plan.reasons.at(begins).kind == ReasonKind::kBeginTime);
  for (const auto& [job, reason] : plan.reasons) CHECK_FALSE(describe(reason).empty());
}

TEST_CASE("a begin time wakes the planner by itself") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  JobRequest request = request_for({});
  request.begin = core.now + Millis{60'000};
  const JobId job = core.submit(request);
  core.plan();
  CHECK_FALSE(core.planner().has_work(core.now));
  CHECK(core.planner().next_wake() == *request.begin);
  core.now += Millis{60'000};
  CHECK(core.planner().has_work(core.now));
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("a plan on an old state is re-checked and its stale starts are rejected") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const JobId job = core.submit(Ask{.gpus = 8});
  const Plan stale = core.planner().plan(core.now);
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kDrain, "test"});
  const auto answer = std::get<PlanCommitted>(core.must(stale.proposals));
  CHECK(answer.rejected == std::vector<JobId>{job});
  CHECK(core.state_of(job) == JobState::kPending);
}

TEST_CASE("a pass that reaches its limit of work goes on from there") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  Planner planner(core.state, PlanLimits{.placements_tried_max = 2});
  for (std::uint32_t i = 0; i < 5; ++i) {
    core.submit(Ask{.cores = i + 1});
    planner.apply_row(core.state.sequence, core.now, core.last_events);
  }
  const Plan first = planner.plan(core.now);
  CHECK(first.proposals.starts.size() == 2);
  CHECK(first.reasons.size() == 3);
  CHECK(first.reasons.begin()->second.kind == ReasonKind::kPassLimit);
  CHECK(planner.has_work(core.now));
}

// A random life of a small machine: whatever happens, invariants hold (CoreDriver checks them after
// every command) and in the end every job has run.
TEST_CASE("random submissions ends drains and losses keep every invariant") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&random](std::uint32_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  CoreDriver core(cluster_of(6, 3));
  core.join_all();
  std::vector<JobId> jobs;
  const auto step = [&] {
    for (const JobId job : jobs) {
      if (core.state.find_job(job) == nullptr) continue;
      if (core.state_of(job) == JobState::kPreparing && below(2) == 0) core.prepare_all(job);
      if (core.job(job).attempt && below(4) == 0 && core.job(job).attempt->started) {
        for (std::size_t i = 0; core.job(job).attempt && i < core.job(job).attempt->nodes.size();
             ++i) {
          if (core.job(job).attempt->nodes[i].phase != NodePhase::kEnded) core.ended(job, i);
        }
      } else if (core.state_of(job) == JobState::kStopping && below(2) == 0) {
        const auto& nodes = core.job(job).attempt->nodes;
        const auto open = std::ranges::find_if(
            nodes, [](const AttemptNode& node) { return node.phase != NodePhase::kEnded; });
        core.ended(job, static_cast<std::size_t>(open - nodes.begin()),
                   {EndCause::kStopped, 0, 15, ""});
      }
    }
    core.plan();
    core.pass(Millis{1000});
  };
  for (int round = 0; round < 60; ++round) {
    if (below(2) == 0) jobs.push_back(core.submit(Ask{.nodes = 1 + below(4), .gpus = below(9)}));
    const NodeId node{below(6)};
    if (below(8) == 0) core.must(LeaseExpired{node});
    if (core.state.node(node).link == NodeLink::kDown) core.hello(core.state.node_name(node));
    step();
  }
  for (int round = 0; round < 400; ++round) step();
  for (const JobId job : jobs) {
    const Job* found = core.state.find_job(job);
    CHECK((found == nullptr || is_final(found->state) || found->hold == HoldKind::kRequeueLimit));
  }
}

}  // namespace
}  // namespace usine
