#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

ClusterConfig mixed_cluster(std::uint32_t protected_jobs) {
  ClusterConfig config = cluster_of(12, 4);
  config.priority.protected_jobs = protected_jobs;
  for (std::uint32_t i = 0; i < 12; i += 2) config.nodes[i].features = {"even"};
  Partition half;
  half.name = "half";
  for (std::uint32_t i = 0; i < 6; ++i) half.nodes.push_back(NodeId{i});
  config.partitions.push_back(std::move(half));
  return config;
}

// No job has a head start on another.
PrioritySettings in_order_of_submission() {
  PrioritySettings settings;
  settings.per_gpu = Millis{0};
  settings.share = Millis{0};
  settings.length_doubling = Millis{0};
  return settings;
}

// A cluster in the hands of chance, and a planner that follows it event by event.
class Life {
 public:
  Life(unsigned seed, std::uint32_t protected_jobs, PlanLimits limits = {})
      : core(mixed_cluster(protected_jobs)),
        random_(seed),
        limits_(limits),
        planner_(core.state, limits) {
    for (const ConfiguredNode& node : core.state.config->nodes) {
      tell(AgentHello{{node.name, "boot-1", "", nullptr, {}}});
    }
  }

  void step() {
    core.now += Millis{1'000};
    const auto what = below(10);
    if (what < 5) submit();
    if (what >= 5 && what < 9) end_one();
    if (what == 9) turn_node();
    plan();
  }

  // What a planner that begins with this state would start now.
  std::size_t starts_afresh() {
    Planner fresh(core.state, limits_);
    return fresh.plan(core.now).proposals.starts.size();
  }

  void check_reasons() {
    for (const auto& [id, job] : core.state.jobs) {
      if (job.state == JobState::kPending) CHECK_MESSAGE(reasons_.contains(id), id.value);
    }
  }

  [[nodiscard]] const std::vector<Promise>& promises() const { return planner_.promises(); }
  [[nodiscard]] std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(random_() % n);
  }

  CoreDriver core;

 private:
  // Requests that no part of the cluster could ever hold are refused.
  void tell(const Command& command) {
    static_cast<void>(core.run(command));
    if (!core.last_events.empty()) {
      planner_.apply_row(core.state.sequence, core.now, core.last_events);
    }
  }

  void submit() {
    JobRequest request = request_for({.nodes = 1 + below(4),
                                      .gpus = below(9),
                                      .cores = 1 + below(16),
                                      .time_limit = Seconds{600 * (1 + below(20))}});
    if (below(5) == 0) request.components[0].constraint.every.any_of = {{"even"}};
    if (below(4) == 0) request.partition = "half";
    tell(SubmitJob{CoreDriver::user("ada"), std::make_shared<const JobRequest>(request), false});
  }

  void end_one() {
    std::vector<JobId> running;
    for (const auto& [id, job] : core.state.jobs) {
      if (job.state == JobState::kRunning) running.push_back(id);
    }
    if (running.empty()) return;
    const JobId id = running[below(static_cast<std::uint32_t>(running.size()))];
    const Attempt attempt = *core.job(id).attempt;
    for (const NodeShare& share : attempt.allocation.nodes) {
      tell(AgentEnded{share.node, {{id, attempt.number}, {}}});
    }
  }

  void turn_node() {
    const NodeId node{below(12)};
    const bool drained = core.state.node(node).drain.has_value();
    tell(ActOnNode{CoreDriver::user("operator"), core.state.node_name(node),
                   drained ? NodeAction::kResume : NodeAction::kDrain, "test"});
  }

  void plan() {
    for (int passes = 0; planner_.has_work(core.now); ++passes) {
      REQUIRE(passes < 100);
      const Plan plan = planner_.plan(core.now);
      for (const JobReasons::Entry& entry : plan.reasons.jobs()) {
        CHECK_FALSE(describe(plan.reasons.reason(entry)).empty());
        reasons_[entry.job] = plan.reasons.reason(entry).kind;
      }
      if (plan.proposals.starts.empty()) continue;
      tell(plan.proposals);
      for (const ProposedStart& start : plan.proposals.starts) prepare(start.job);
    }
  }

  void prepare(JobId id) {
    REQUIRE(core.job(id).attempt);
    const Attempt attempt = *core.job(id).attempt;
    for (const NodeShare& share : attempt.allocation.nodes) {
      tell(AgentPrepared{share.node, {{id, attempt.number}, true, false, "", "here"}});
    }
  }

  std::mt19937 random_;
  PlanLimits limits_;
  Planner planner_;
  std::map<JobId, ReasonKind> reasons_;
};

TEST_CASE("a planner that follows events leaves nothing that a planner made afresh would start") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  // Without promises a start depends on the present alone.
  Life life(seed, 0, {.full_pass_every = Millis{1'000'000'000}});
  for (int step = 0; step < 300; ++step) {
    CAPTURE(step);
    life.step();
    REQUIRE(life.starts_afresh() == 0);
  }
}

TEST_CASE("every waiting job has a reason after every step") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  Life life(seed, 5);
  for (int step = 0; step < 300; ++step) {
    life.step();
    life.check_reasons();
  }
}

// No job comes to its limit meanwhile: none of them ever ends.
TEST_CASE("[B77] in the order of submission no promised start goes back while nodes stay up") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  for (const std::uint32_t kept : {1u, 4u, 100u}) {
    ClusterConfig config = cluster_of(8, 4);
    config.priority = in_order_of_submission();
    config.priority.protected_jobs = kept;
    CoreDriver core(config);
    std::mt19937 random(seed);
    Planner planner(core.state);
    std::map<JobId, Time> promised;
    const auto tell = [&](const Command& command) {
      core.must(command);
      if (!core.last_events.empty()) {
        planner.apply_row(core.state.sequence, core.now, core.last_events);
      }
    };
    for (const ConfiguredNode& node : core.state.config->nodes) {
      tell(AgentHello{{node.name, "boot-1", "", nullptr, {}}});
    }
    for (int step = 0; step < 150; ++step) {
      core.now += Millis{1'000};
      const auto request = std::make_shared<const JobRequest>(
          request_for({.nodes = 1 + static_cast<std::uint32_t>(random() % 6),
                       .gpus = 8,
                       .time_limit = Seconds{60 * (4 + static_cast<long>(random() % 30))}}));
      tell(SubmitJob{CoreDriver::user("ada"), request, false});
      const Plan plan = planner.plan(core.now);
      tell(plan.proposals);
      for (const Promise& promise : planner.promises()) {
        const auto known = promised.find(promise.job);
        if (known != promised.end()) CHECK(promise.at <= std::max(known->second, core.now));
        promised[promise.job] = promise.at;
      }
      if (planner.promises().empty()) continue;
      CHECK(planner.promises().size() <= kept);
    }
  }
}

}  // namespace
}  // namespace usine
