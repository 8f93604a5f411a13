#include "scheduler/policy/explain.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "scheduler/policy/what_if.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

Explanation explained(CoreDriver& core, JobId job) {
  const Plan plan = core.plan();
  const Reason* const found = plan.reasons.find(job);
  const Job& waiting = *core.state.find_job(job);
  REQUIRE(waiting.state == JobState::kPending);
  const auto said = found == nullptr ? std::nullopt : std::optional<Reason>(*found);
  Explanation explanation = explain(core.state, waiting, said, core.now);
  CHECK_FALSE(explanation.rules.empty());
  return explanation;
}

const BlockingRule* rule_of(const Explanation& explanation, ReasonKind kind) {
  const auto found = std::ranges::find(explanation.rules, kind,
                                       [](const BlockingRule& rule) { return rule.reason.kind; });
  return found == explanation.rules.end() ? nullptr : &*found;
}

WhatIf tried(const CoreDriver& core, JobId job) {
  const Job& waiting = *core.state.find_job(job);
  const Explanation explanation = explain(core.state, waiting, std::nullopt, core.now);
  const auto free = static_cast<std::uint32_t>(explanation.components.at(0).free.size());
  Outlook outlook(core.state, core.now);
  return what_if(outlook, waiting, free, core.now);
}

const Change* change_to(const WhatIf& found, const std::string& option) {
  const auto change = std::ranges::find(found.changes, option, &Change::option);
  return change == found.changes.end() ? nullptr : &*change;
}

TEST_CASE("a job that lacks GPUs is told how many it asks for and has and who holds the others") {
  CoreDriver core;  // 4 nodes of 8 GPUs
  core.join_all();
  const JobId large = core.submit(Ask{.nodes = 2, .gpus = 8, .user = "bob"});
  const JobId small = core.submit(Ask{.gpus = 1});
  core.plan();
  const JobId job = core.submit(Ask{.nodes = 3, .gpus = 8});
  const Explanation explanation = explained(core, job);
  const BlockingRule* const rule = rule_of(explanation, ReasonKind::kGpusBusy);
  REQUIRE(rule != nullptr);
  CHECK(rule->reason.asked == 8);
  CHECK(rule->reason.total == 3);
  CHECK(rule->reason.free == 1);
  REQUIRE(rule->holders.size() == 2);
  CHECK(rule->holders[0] == Holder{large, 2, 16, 2});
  CHECK(rule->holders[1].job == small);
  const NodeCensus& census = explanation.components.at(0);
  CHECK(census.partition_nodes == 4);
  CHECK(census.free.size() == 1);
  CHECK(census.failing(NodeRule::kGpus) == 3);
}

TEST_CASE("every rule that keeps a job is told and not only the first") {
  CoreDriver core;
  core.join_all();
  core.submit(Ask{.nodes = 4, .gpus = 8});
  core.plan();
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.hold = true;
  request.begin = core.now + Seconds{600};
  const JobId job = core.submit(request);
  const Explanation explanation = explained(core, job);
  CHECK(explanation.rules.front().reason.kind == ReasonKind::kHeld);
  CHECK(rule_of(explanation, ReasonKind::kBeginTime) != nullptr);
  CHECK(rule_of(explanation, ReasonKind::kGpusBusy) != nullptr);
}

TEST_CASE("[B49] a required level that has no room is told with the most that one domain has") {
  CoreDriver core(cluster_of(4, 2));
  core.join_all();
  core.submit(Ask{.gpus = 8});
  core.plan();
  JobRequest other = request_for({.gpus = 8});
  other.components[0].excluded_nodes = {"node001", "node002"};
  core.submit(other);
  core.plan();
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.components[0].topology.required = DomainKind::kLeaf;
  const JobId job = core.submit(request);
  const Explanation explanation = explained(core, job);
  const BlockingRule* const rule = rule_of(explanation, ReasonKind::kTopologyBusy);
  REQUIRE(rule != nullptr);
  CHECK(rule->reason.asked == 2);
  CHECK(rule->reason.free == 1);
  CHECK(describe(rule->reason) == "2 free nodes in one leaf are needed, and at most 1 lies so now");
}

TEST_CASE("[B60] features that are busy are told by name") {
  ClusterConfig config = cluster_of(4);
  config.nodes[0].features = config.nodes[1].features = {"ib"};
  CoreDriver core(std::move(config));
  core.join_all();
  JobRequest first = request_for({.gpus = 8});
  first.components[0].constraint = *parse_constraint("ib");
  core.submit(first);
  core.plan();
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.components[0].constraint = *parse_constraint("ib");
  const JobId job = core.submit(request);
  const Explanation explanation = explained(core, job);
  CHECK(explanation.components.at(0).failing(NodeRule::kFeatures) == 2);
  CHECK(explanation.components.at(0).free.size() == 1);
  CHECK_FALSE(explanation.rules.front().holders.empty());
}

TEST_CASE("nodes that are down drained or left out are counted by rule") {
  CoreDriver core;
  core.hello("node001");
  core.hello("node002");
  core.hello("node003");
  core.must(ActOnNode{CoreDriver::user("operator"), "node002", NodeAction::kDrain, "dust"});
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.components[0].excluded_nodes = {"node001"};
  const JobId job = core.submit(request);
  const Explanation explanation = explained(core, job);
  const NodeCensus& census = explanation.components.at(0);
  CHECK(census.failing(NodeRule::kDown) == 1);
  CHECK(census.failing(NodeRule::kDrained) == 1);
  CHECK(census.failing(NodeRule::kExcluded) == 1);
  const BlockingRule* const rule = rule_of(explanation, ReasonKind::kNodesDown);
  REQUIRE(rule != nullptr);
  CHECK(rule->reason.free == 1);
  CHECK(rule->reason.total == 3);
}

TEST_CASE("a job that no pass has come to has a reason as well") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  const Explanation explanation =
      explain(core.state, *core.state.find_job(job), std::nullopt, core.now);
  REQUIRE(explanation.rules.size() == 1);
  CHECK(explanation.rules[0].reason.kind == ReasonKind::kNotYetConsidered);
}

TEST_CASE("changes that are said to start a job sooner have been tried and others are not said") {
  CoreDriver core;  // 4 nodes of 8 GPUs
  core.join_all();
  core.submit(Ask{.nodes = 3, .gpus = 8, .time_limit = Seconds{7200}});
  core.plan();
  // The first job to wait is promised all nodes in two hours: until then one node stands idle.
  core.submit(Ask{.nodes = 4, .gpus = 8});
  const JobId job = core.submit(Ask{.nodes = 2, .gpus = 8, .time_limit = Seconds{3600}});
  core.plan();
  const WhatIf found = tried(core, job);
  REQUIRE(found.start);
  CHECK(*found.start > core.now);
  const Change* const fewer = change_to(found, "--nodes=1");
  REQUIRE(fewer != nullptr);
  CHECK(fewer->start == core.now);
  CHECK(fewer->resubmit);
  CHECK(change_to(found, "--time=00:30:00") == nullptr);
}

TEST_CASE("a shorter limit is said where the job then fits before a promised start") {
  CoreDriver core;
  core.join_all();
  core.submit(Ask{.nodes = 3, .gpus = 8, .time_limit = Seconds{2400}});
  core.plan();
  core.submit(Ask{.nodes = 4, .gpus = 8});
  const JobId job = core.submit(Ask{.nodes = 1, .gpus = 8, .time_limit = Seconds{3600}});
  core.plan();
  const WhatIf found = tried(core, job);
  const Change* const shorter = change_to(found, "--time=00:30:00");
  REQUIRE(shorter != nullptr);
  CHECK(shorter->start == core.now);
  CHECK_FALSE(shorter->resubmit);
  core.must(SetJobLimit{CoreDriver::user("ada"), job, Seconds{1800}, std::nullopt});
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("a looser level and another partition are tried as well") {
  ClusterConfig config = cluster_of(4, 2);
  Partition spare = config.partitions[0];
  spare.name = "spare";
  spare.is_default = false;
  config.partitions[0].nodes = {NodeId{0}, NodeId{1}, NodeId{2}};
  config.partitions.push_back(spare);
  CoreDriver core(std::move(config));
  core.join_all();
  JobRequest first = request_for({.gpus = 8});
  first.components[0].only_nodes = {"node001"};
  core.submit(first);
  core.plan();
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.components[0].topology.required = DomainKind::kLeaf;
  const JobId job = core.submit(request);
  core.plan();
  REQUIRE(core.state_of(job) == JobState::kPending);
  const WhatIf found = tried(core, job);
  CHECK(change_to(found, "without a required --topology level") != nullptr);
  CHECK(change_to(found, "--partition=spare") != nullptr);
  for (const Change& change : found.changes) CHECK(change.start < *found.start);
}

}  // namespace
}  // namespace usine
