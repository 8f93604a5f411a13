#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// Four GPUs of each user may be in use at once.
ClusterConfig four_gpus_each() {
  ClusterConfig config = cluster_of(2);
  config.user_limits.gpus = 4;
  return config;
}

struct Cluster : CoreDriver {
  explicit Cluster(ClusterConfig config) : CoreDriver(std::move(config)) { join_all(); }

  [[nodiscard]] std::size_t placed(const std::vector<JobId>& ids) const {
    std::size_t count = 0;
    for (const JobId id : ids) count += job(id).attempt ? 1 : 0;
    return count;
  }
};

TEST_CASE("[B69] one pass that starts several jobs never exceeds a limit") {
  Cluster core(four_gpus_each());
  std::vector<JobId> jobs;
  for (int i = 0; i < 6; ++i) jobs.push_back(core.submit(Ask{.gpus = 1}));
  const JobId bobs = core.submit(Ask{.gpus = 4, .user = "bob"});
  const Plan plan = core.plan();
  CHECK(core.placed(jobs) == 4);
  CHECK(core.state_of(bobs) == JobState::kPreparing);
  const Reason& reason = plan.reasons.at(jobs.back());
  CHECK(reason == Reason{ReasonKind::kGpusLimit, 1, 4, 4, "user ada"});
}

TEST_CASE("[B68] a job at a limit starts when one of those that hold it ends") {
  Cluster core(four_gpus_each());
  const JobId first = core.running(Ask{.gpus = 4});
  const JobId second = core.submit(Ask{.gpus = 2});
  CHECK(core.plan().reasons.at(second).text == "user ada");
  core.end_all(first);
  CHECK(core.planner().has_work(core.now));
  core.plan();
  CHECK(core.state_of(second) == JobState::kPreparing);
}

TEST_CASE("[B68] a job that its limit keeps back does not keep others behind it") {
  Cluster core(four_gpus_each());
  core.running(Ask{.gpus = 4});
  const JobId blocked = core.submit(Ask{.gpus = 4});
  const JobId behind = core.submit(Ask{.nodes = 1, .gpus = 4, .user = "bob"});
  core.plan();
  CHECK(core.state_of(blocked) == JobState::kPending);
  CHECK(core.state_of(behind) == JobState::kPreparing);
}

// Its start was kept before its user came to the limit.
TEST_CASE("[B68] a job that may not start when it is time leaves its room to others") {
  ClusterConfig config = cluster_of(2);
  config.user_limits.jobs = 1;
  Cluster core(config);
  const auto on_node = [](const std::string& name, const std::string& user) {
    JobRequest request = request_for({.gpus = 8, .user = user});
    request.components.front().only_nodes = {name};
    return request;
  };
  const JobId first = core.submit(on_node("node001", "bob"));
  const JobId second = core.submit(on_node("node002", "eve"));
  core.plan();
  for (const JobId job : {first, second}) core.prepare_all(job);
  const JobId promised = core.submit(on_node("node001", "ada"));
  CHECK(core.plan().estimates.contains(promised));
  const JobId at_limit = core.submit(on_node("node002", "ada"));
  core.end_all(second);
  core.plan();
  REQUIRE(core.state_of(at_limit) == JobState::kPreparing);
  core.prepare_all(at_limit);
  core.end_all(first);
  const JobId bobs = core.submit(on_node("node001", "bob"));
  CHECK_FALSE(core.plan().estimates.contains(promised));
  CHECK(core.state_of(promised) == JobState::kPending);
  CHECK(core.state_of(bobs) == JobState::kPreparing);
  core.end_all(at_limit);
  core.prepare_all(bobs);
  core.end_all(bobs);
  core.plan();
  CHECK(core.state_of(promised) == JobState::kPreparing);
}

TEST_CASE("[B26] a running limit holds across the tasks of an array") {
  ClusterConfig config = cluster_of(2);
  config.qos.resize(1);
  config.qos[0].name = "normal";
  config.qos[0].limits.per_user.jobs = 3;
  Cluster core(config);
  JobRequest request = request_for({.gpus = 1});
  request.array = ArraySpec{{{0, 9, 1, 0}}, 0};
  const JobId array = core.submit(request);
  core.plan();
  CHECK(core.state.arrays.at(array).live.size() == 3);
  core.plan();
  CHECK(core.state.arrays.at(array).live.size() == 3);
  const JobId task = core.state.arrays.at(array).live.begin()->second;
  core.prepare_all(task);
  core.end_all(task);
  core.plan();
  CHECK(core.state.arrays.at(array).live.size() == 3);
  CHECK(core.state.arrays.at(array).pending.count() == 6);
}

TEST_CASE("[B69] the core rejects a start beyond a limit whatever a plan says") {
  Cluster core(four_gpus_each());
  const JobId first = core.submit(Ask{.gpus = 3});
  Plan plan = core.planner().plan(core.now);
  REQUIRE(plan.proposals.starts.size() == 1);
  const JobId second = core.submit(Ask{.gpus = 3});
  Allocation elsewhere = plan.proposals.starts[0].allocation;
  elsewhere.nodes[0].node = NodeId{elsewhere.nodes[0].node == NodeId{0} ? 1U : 0U};
  plan.proposals.starts.push_back({second, elsewhere});
  CHECK(std::get<PlanCommitted>(core.must(plan.proposals)).rejected == std::vector{second});
  CHECK(core.placed({first, second}) == 1);
}

TEST_CASE("a limit that a new configuration lowers stops nobody and holds for the next start") {
  Cluster core(four_gpus_each());
  const JobId running = core.running(Ask{.gpus = 4});
  ClusterConfig lower = four_gpus_each();
  lower.user_limits.gpus = 2;
  core.must(Configure{"", std::make_shared<const ClusterConfig>(lower)});
  const JobId next = core.submit(Ask{.gpus = 1});
  const Plan plan = core.plan();
  CHECK(core.state_of(running) == JobState::kRunning);
  CHECK(plan.reasons.at(next) == Reason{ReasonKind::kGpusLimit, 1, 4, 2, "user ada"});
}

TEST_CASE("[B64] a hold of any length and its release leave the order as it was") {
  Cluster core(cluster_of(1));
  const JobId first = core.submit(Ask{.gpus = 8});
  core.pass(Millis{10});
  const JobId second = core.submit(Ask{.gpus = 8});
  core.must(ActOnJob{CoreDriver::user("ada"), first, JobAction::kHold, {}, {}});
  core.pass(Millis{3'600'000});
  core.must(ActOnJob{CoreDriver::user("ada"), first, JobAction::kRelease, {}, {}});
  core.plan();
  CHECK(core.state_of(first) == JobState::kPreparing);
  CHECK(core.state_of(second) == JobState::kPending);
}

TEST_CASE("a QOS goes first by its head start and no further") {
  ClusterConfig config = cluster_of(1);
  config.qos.resize(2);
  config.qos[0].name = "normal";
  config.qos[0].is_default = true;
  config.qos[1].name = "urgent";
  config.qos[1].head_start = Millis{60'000};
  Cluster core(config);
  const JobId busy = core.running(Ask{.gpus = 8});
  const JobId old = core.submit(Ask{.gpus = 8});
  core.pass(Millis{30'000});
  const JobId young = core.submit(Ask{.gpus = 8});
  core.pass(Millis{30'001});
  JobRequest request = request_for({.gpus = 8});
  request.qos = "urgent";
  const JobId urgent = core.submit(request);
  core.end_all(busy);
  core.plan();
  CHECK(core.state_of(old) == JobState::kPreparing);
  core.prepare_all(old);
  core.end_all(old);
  core.pass(Millis{1});
  core.plan();
  CHECK(core.state_of(urgent) == JobState::kPreparing);
  CHECK(core.state_of(young) == JobState::kPending);
}

}  // namespace
}  // namespace usine
