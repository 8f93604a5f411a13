// What a request says about where its nodes lie, from the submission to the allocation.
#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "sim/place_watch.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// 16 nodes of 8 GPUs: two cells of two racks of two leaves of two nodes. Odd nodes have `old`,
// even ones `new`.
ClusterConfig cells() {
  ClusterConfig config = cluster_of(16);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"machine", DomainKind::kSite, DomainId{0}}};
  const auto add = [&domains](const std::string& name, DomainKind kind, DomainId parent) {
    domains.push_back({name, kind, parent});
    return DomainId{static_cast<std::uint32_t>(domains.size() - 1)};
  };
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::string number = std::to_string(i / 2 + 1);
    if (i % 8 == 0) add("cell" + std::to_string(i / 8 + 1), DomainKind::kCell, DomainId{0});
    const auto cell = static_cast<std::uint32_t>(1 + i / 8 * 7);
    const auto rack = static_cast<std::uint32_t>(cell + 1 + i % 8 / 4 * 3);
    if (i % 4 == 0) add("rack" + std::to_string(i / 4 + 1), DomainKind::kRack, DomainId{cell});
    if (i % 2 == 0) add("leaf" + number, DomainKind::kLeaf, DomainId{rack});
    config.nodes[i].leaf = DomainId{static_cast<std::uint32_t>(domains.size() - 1)};
    config.nodes[i].features = {i % 2 == 0 ? "old" : "new"};
  }
  return config;
}

JobRequest placed(std::uint32_t nodes, TopologyRequest topology) {
  JobRequest request = request_for({.nodes = nodes, .gpus = 8});
  request.components[0].topology = topology;
  return request;
}

JobRequest named(const std::vector<std::string>& names) {
  JobRequest request = request_for({.nodes = static_cast<std::uint32_t>(names.size()), .gpus = 8});
  request.components[0].only_nodes = names;
  return request;
}

JobRequest featured(std::uint32_t nodes, const std::string& constraint) {
  JobRequest request = request_for({.nodes = nodes, .gpus = 8});
  request.components[0].constraint = *parse_constraint(constraint);
  return request;
}

// A cluster whose nodes have joined, and whose every placement is looked at.
class Places {
 public:
  Places() : core_(cells()) {
    REQUIRE(core_.state.config->fabric.faults().empty());
    core_.join_all();
  }

  JobId submit(JobRequest request) {
    const JobId job = core_.submit(std::move(request));
    plan();
    return job;
  }
  void plan() {
    core_.plan();
    for (const std::string& fault : sim::misplaced(core_.state)) FAIL_CHECK(fault);
  }
  [[nodiscard]] bool runs(JobId job) const {
    return core_.state.find_job(job)->attempt.has_value();
  }
  // How many nodes of each domain of the level the job has.
  [[nodiscard]] std::map<DomainId, int> domains(JobId job, DomainKind level) const {
    const auto at = core_.state.config->fabric.domains_at(level);
    std::map<DomainId, int> counts;
    for (const NodeShare& share : core_.state.find_job(job)->attempt->allocation.nodes) {
      ++counts[*at[core_.state.config->nodes[share.node.value].leaf.value]];
    }
    return counts;
  }
  CoreDriver& core() { return core_; }

 private:
  CoreDriver core_;
};

TEST_CASE("[B47] a gang goes to the smallest domain that holds it") {
  Places places;
  CHECK(places.domains(places.submit(placed(2, {})), DomainKind::kLeaf).size() == 1);
  CHECK(places.domains(places.submit(placed(4, {})), DomainKind::kRack).size() == 1);
  CHECK(places.domains(places.submit(placed(8, {})), DomainKind::kCell).size() == 1);
}

TEST_CASE("[B48] a bound on switches is waited for as long as was said and then given up") {
  Places places;
  places.submit(named(
      {"node001", "node003", "node005", "node007", "node009", "node011", "node013", "node015"}));
  const JobId job = places.submit(placed(2, {.switches_max = 1, .switches_wait = Seconds{600}}));
  CHECK_FALSE(places.runs(job));
  places.core().now += Seconds{599};
  places.plan();
  CHECK_FALSE(places.runs(job));
  places.core().now += Seconds{2};
  places.plan();
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kLeaf).size() == 2);
}

TEST_CASE("[B48] a bound on switches is kept where there is room within it") {
  Places places;
  places.submit(named({"node001", "node003"}));
  const JobId job = places.submit(placed(4, {.switches_max = 2, .switches_wait = Seconds{600}}));
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kLeaf).size() == 2);
}

TEST_CASE("[B49] a required level is waited for though the cluster has room") {
  Places places;
  places.submit(named({"node001", "node005", "node009", "node013"}));
  const JobId job = places.submit(placed(4, {.required = DomainKind::kRack}));
  CHECK_FALSE(places.runs(job));
  const JobId other = places.submit(placed(3, {.required = DomainKind::kRack}));
  REQUIRE(places.runs(other));
  CHECK(places.domains(other, DomainKind::kRack).size() == 1);
  CHECK(places.runs(places.submit(placed(4, {.required = DomainKind::kCell}))));
}

TEST_CASE("[B50] a preferred level within a required one takes the fewest of it") {
  Places places;
  const JobId job =
      places.submit(placed(6, {.required = DomainKind::kCell, .preferred = DomainKind::kRack}));
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kCell).size() == 1);
  CHECK(places.domains(job, DomainKind::kRack).size() == 2);
  const JobId next = places.submit(placed(3, {.preferred = DomainKind::kRack}));
  REQUIRE(places.runs(next));
  CHECK(places.domains(next, DomainKind::kRack).size() == 1);
}

TEST_CASE("[B51] segments lie in one domain each and are spread or brought together as asked") {
  TopologyRequest segments{.segment = 2, .segment_level = DomainKind::kRack};
  {
    Places places;
    segments.segment_order = SegmentOrder::kSpread;
    const JobId job = places.submit(placed(8, segments));
    REQUIRE(places.runs(job));
    CHECK(places.domains(job, DomainKind::kRack).size() == 4);
  }
  Places places;
  segments.segment_order = SegmentOrder::kConsolidate;
  const JobId job = places.submit(placed(8, segments));
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kRack).size() == 2);
}

TEST_CASE("[B51] segments start where whole ones fit though the rest of the machine is broken") {
  Places places;
  places.submit(named({"node001", "node005", "node009"}));
  const JobId job = places.submit(placed(4, {.segment = 4, .segment_level = DomainKind::kRack}));
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kRack).begin()->second == 4);
  CHECK_FALSE(
      places.runs(places.submit(placed(4, {.segment = 4, .segment_level = DomainKind::kRack}))));
}

TEST_CASE("[B60] features and left out nodes are honoured with counts and alternatives") {
  Places places;
  CHECK(places.runs(places.submit(featured(3, "new"))));
  CHECK(places.runs(places.submit(featured(4, "[old*3&new*1]"))));
  JobRequest request = featured(4, "[old|new]");
  request.components[0].excluded_nodes = {"node015", "node016"};
  CHECK(places.runs(places.submit(request)));
}

// Of the job's first attempt, which ends on its other nodes; until it may run again.
NodeId lose_second_node(CoreDriver& core, JobId job) {
  const NodeId lost = core.state.find_job(job)->attempt->allocation.nodes[1].node;
  core.must(AgentGone{lost});
  core.must(LeaseExpired{lost});
  for (const NodeShare& share : core.state.find_job(job)->attempt->allocation.nodes) {
    const AttemptKey key{job, AttemptNumber{1}};
    if (share.node != lost) core.must(AgentEnded{share.node, {key, {}, Millis{10}, 0}});
  }
  core.now += Seconds{10};
  return lost;
}

TEST_CASE("[B61] a job that lost a node comes back within the domain that it needs") {
  Places places;
  places.submit(named({"node013", "node014"}));
  JobRequest request = placed(3, {.required = DomainKind::kRack});
  request.requeue_unfenced = true;
  const JobId job = places.submit(request);
  REQUIRE(places.runs(job));
  CoreDriver& core = places.core();
  core.prepare_all(job);
  lose_second_node(core, job);
  places.plan();
  REQUIRE(places.runs(job));
  CHECK(places.domains(job, DomainKind::kRack).size() == 1);
}

TEST_CASE("[B61] a job that lost a node waits where the domain that it needs has no other") {
  Places places;
  JobRequest request = placed(4, {.required = DomainKind::kRack});
  request.requeue_unfenced = true;
  const JobId job = places.submit(request);
  REQUIRE(places.runs(job));
  CoreDriver& core = places.core();
  core.prepare_all(job);
  places.submit(named({"node005", "node009", "node013"}));  // no other rack is whole
  const NodeId lost = lose_second_node(core, job);
  const Reason reason = core.plan().reasons.at(job);
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(reason.kind == ReasonKind::kTopologyBusy);
  CHECK(reason.free == 3);
  core.hello(core.state.node_name(lost));
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B62] small jobs go to broken leaves before whole ones") {
  Places places;
  places.submit(named({"node005"}));
  JobRequest small = request_for({.gpus = 8});
  const JobId job = places.submit(small);
  REQUIRE(places.runs(job));
  CHECK(places.core().state.find_job(job)->attempt->allocation.nodes[0].node == NodeId{5});
}

TEST_CASE("[B35] consecutive ranks share a leaf") {
  Places places;
  const JobId job = places.submit(placed(8, {}));
  REQUIRE(places.runs(job));
  const State& state = places.core().state;
  std::vector<DomainId> leaves;
  for (const NodeShare& share : state.find_job(job)->attempt->allocation.nodes) {
    leaves.push_back(state.config->nodes[share.node.value].leaf);
  }
  const std::set<DomainId> distinct(leaves.begin(), leaves.end());
  const auto repeated = std::ranges::unique(leaves);
  CHECK(leaves.size() - repeated.size() == distinct.size());
}

}  // namespace
}  // namespace usine
