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
  CHECK(plan.reasons.at(second).asked == 8);
  CHECK(plan.reasons.at(second).total == 6);
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
  for (const JobReasons::Entry& entry : plan.reasons.jobs()) {
    CHECK_FALSE(describe(plan.reasons.reason(entry)).empty());
  }
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

TEST_CASE("a job that leaves the queue takes its begin time with it") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  JobRequest request = request_for({});
  request.begin = core.now + Millis{60'000};
  const JobId job = core.submit(request);
  core.plan();
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kCancel});
  CHECK_FALSE(core.planner().next_wake());
}

TEST_CASE("what a node lost while a job ran there is not planned with when the job ends") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const JobId job = core.running(Ask{.gpus = 8});
  core.must(AgentGone{NodeId{0}});
  const auto smaller = std::make_shared<NodeShape>(test::gpu_node_shape(16, 7));
  core.hello("node001", {{job, AttemptNumber{1}}}, smaller);
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kResume, ""});
  const JobId waiting = core.submit(Ask{.gpus = 8});
  CHECK(core.plan().reasons.contains(waiting));
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

// One busy node of four until its job's limit; a gang of four waits for it.
struct Blocked {
  CoreDriver core{cluster_of(4)};
  JobId running;
  JobId gang;
  Time free_at;

  Blocked() {
    core.join_all();
    running = core.running(Ask{.gpus = 8, .time_limit = Seconds{1000}});
    gang = core.submit(Ask{.nodes = 4, .gpus = 8});
    free_at = core.now + Seconds{1000} + core.state.config->timings.kill_wait;
  }
};

TEST_CASE("[B76] a job behind starts only where the reserved start ahead of it does not move") {
  Blocked test;
  const Plan plan = test.core.plan();
  CHECK(plan.estimates.at(test.gang) == test.free_at);
  const JobId brief = test.core.submit(Ask{.gpus = 8, .time_limit = Seconds{600}});
  const JobId lengthy = test.core.submit(Ask{.gpus = 8, .time_limit = Seconds{3600}});
  const Plan next = test.core.plan();
  CHECK(test.core.state_of(brief) == JobState::kPreparing);
  CHECK(test.core.state_of(lengthy) == JobState::kPending);
  CHECK(next.reasons.at(lengthy).kind == ReasonKind::kBehindHigherPriority);
  CHECK(next.reasons.at(lengthy).asked == static_cast<std::int64_t>(test.gang.value));
}

// It may run until its limit, whatever its script took before.
TEST_CASE("[B76] a job that is expected to end early is not let beside a reserved start") {
  Blocked test;
  CoreDriver& core = test.core;
  core.plan();
  for (int i = 0; i < 3; ++i) {
    const JobId brief = core.running(Ask{.gpus = 8, .time_limit = Seconds{600}});
    core.now += Seconds{20};
    core.end_all(brief);
  }
  const JobId guessed = core.submit(Ask{.gpus = 8, .time_limit = Seconds{3600}});
  REQUIRE(core.job(guessed).expected_length() == Seconds{20});
  core.planner().look_again();
  const Plan plan = core.plan();
  CHECK(plan.estimates.at(test.gang) == test.free_at);
  CHECK(core.state_of(guessed) == JobState::kPending);
  CHECK(plan.reasons.at(guessed).kind == ReasonKind::kBehindHigherPriority);
}

TEST_CASE("[B77] a stream of small jobs never moves the start of a large one back") {
  Blocked test;
  test.core.plan();
  for (int i = 0; i < 30; ++i) {
    test.core.submit(Ask{.gpus = 8, .time_limit = Seconds{300}});
    test.core.plan();
    test.core.pass(Millis{10'000});
    for (const auto& [id, job] : test.core.state.jobs) {
      if (job.state == JobState::kPreparing && id != test.gang) test.core.prepare_all(id);
    }
    test.core.planner().look_again();
    const Plan plan = test.core.plan();
    CHECK(plan.estimates.at(test.gang) <= test.free_at);
  }
  std::vector<JobId> active;
  for (const auto& [id, job] : test.core.state.jobs) {
    if (job.attempt) active.push_back(id);
  }
  for (const JobId job : active) test.core.end_all(job);
  test.core.plan();
  CHECK(test.core.state_of(test.gang) == JobState::kPreparing);
}

TEST_CASE("[B78] the estimate comes nearer when a running job ends early") {
  Blocked test;
  test.core.plan();
  const JobId other = test.core.running(Ask{.gpus = 8, .time_limit = Seconds{900}});
  test.core.planner().look_again();
  CHECK(test.core.plan().estimates.at(test.gang) == test.free_at);
  test.core.end_all(test.running);
  CHECK(test.core.plan().estimates.at(test.gang) < test.free_at);
  test.core.end_all(other);
  CHECK(test.core.plan().estimates.empty());
  CHECK(test.core.state_of(test.gang) == JobState::kPreparing);
}

TEST_CASE("[B78] a job that may not start any more has no estimate") {
  Blocked test;
  CHECK(test.core.plan().estimates.contains(test.gang));
  test.core.must(
      ActOnJob{.caller = CoreDriver::user("ada"), .job = test.gang, .action = JobAction::kHold});
  CHECK_FALSE(test.core.plan().estimates.contains(test.gang));
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
  CHECK(first.reasons.reason(first.reasons.jobs().front()).kind == ReasonKind::kPassLimit);
  CHECK(planner.has_work(core.now));
}

// A small machine in the hands of chance; CoreDriver checks every invariant after each command.
class RandomLife {
 public:
  explicit RandomLife(unsigned seed) : random_(seed) { core.join_all(); }

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }

  void disturb() {
    if (below(2) == 0) jobs.push_back(core.submit(Ask{.nodes = 1 + below(4), .gpus = below(9)}));
    const NodeId node{below(6)};
    if (below(8) == 0) core.must(LeaseExpired{node});
    if (core.state.node(node).link == NodeLink::kDown) core.hello(core.state.node_name(node));
  }

  void advance() {
    for (const JobId job : jobs) advance_job(job);
    core.plan();
    core.pass(Millis{1000});
  }

  CoreDriver core{cluster_of(6, 3)};
  std::vector<JobId> jobs;

 private:
  void advance_job(JobId id) {
    const Job* job = core.state.find_job(id);
    if (job == nullptr || !job->attempt || below(2) == 0) return;
    if (job->state == JobState::kPreparing) return core.prepare_all(id);
    if (job->state == JobState::kRunning && below(2) == 0) return core.ended(id, 0);
    if (job->state == JobState::kStopping) end_one_node(*job);
  }

  void end_one_node(const Job& job) {
    const auto& nodes = job.attempt->nodes;
    const auto open = std::ranges::find_if(
        nodes, [](const AttemptNode& node) { return node.phase != NodePhase::kEnded; });
    core.ended(job.id, static_cast<std::size_t>(open - nodes.begin()),
               {EndCause::kStopped, 0, 15, ""});
  }

  std::mt19937 random_;
};

TEST_CASE("random submissions ends and losses keep every invariant and every job comes to an end") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  RandomLife life(seed);
  for (int round = 0; round < 60; ++round) {
    life.disturb();
    life.advance();
  }
  for (int round = 0; round < 400; ++round) life.advance();
  for (const JobId job : life.jobs) {
    const Job* found = life.core.state.find_job(job);
    CHECK((found == nullptr || is_final(found->state) || found->hold == HoldKind::kRequeueLimit));
  }
}

}  // namespace
}  // namespace usine
