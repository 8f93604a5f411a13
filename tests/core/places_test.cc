#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

SubmitJob submission(JobRequest request) {
  const Caller caller = CoreDriver::user(request.user);
  return {caller, std::make_shared<const JobRequest>(std::move(request)), false};
}

// 16 nodes on leaves of 4, two leaves a rack; node003 and every later one has `ib`, the first two
// `old`.
ClusterConfig racks() {
  ClusterConfig config = cluster_of(16);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"machine", DomainKind::kSite, DomainId{0}}};
  for (std::uint32_t rack = 0; rack < 2; ++rack) {
    const DomainId parent{static_cast<std::uint32_t>(domains.size())};
    domains.push_back({"rack" + std::to_string(rack + 1), DomainKind::kRack, DomainId{0}});
    for (std::uint32_t leaf = 0; leaf < 2; ++leaf) {
      const std::string name = "leaf" + std::to_string(1 + 2 * rack + leaf);
      const DomainId self{static_cast<std::uint32_t>(domains.size())};
      domains.push_back({name, DomainKind::kLeaf, parent});
      for (std::uint32_t i = 0; i < 4; ++i) config.nodes[8 * rack + 4 * leaf + i].leaf = self;
    }
  }
  for (std::uint32_t i = 0; i < 16; ++i) config.nodes[i].features = {i < 2 ? "old" : "ib"};
  return config;
}

JobRequest placed(std::uint32_t nodes, TopologyRequest topology) {
  JobRequest request = request_for({.nodes = nodes});
  request.components[0].topology = topology;
  return request;
}

JobRequest featured(std::uint32_t nodes, const std::string& constraint) {
  JobRequest request = request_for({.nodes = nodes});
  request.components[0].constraint = *parse_constraint(constraint);
  return request;
}

std::string refusal(CoreDriver& core, JobRequest request) {
  return core.refused(submission(std::move(request))).message;
}

// A request for tasks or GPUs in all, as the options leave it.
JobRequest in_all(std::uint32_t tasks, std::uint32_t gpus, std::uint32_t cores_per_task = 1) {
  JobRequest request = request_for({.gpus = gpus, .cores = tasks * cores_per_task});
  Component& part = request.components[0];
  part.tasks = part.tasks_per_node = tasks;
  part.cores_per_task = cores_per_task;
  part.any_nodes = true;
  return request;
}

TEST_CASE("[B49] a level that no domain could ever hold is refused with the largest named") {
  CoreDriver core(racks());
  CHECK(refusal(core, placed(9, {.required = DomainKind::kRack})) ==
        "the job asks for 9 nodes in one rack of partition 'main'; of nodes that could ever hold "
        "its share of one the largest, rack1, has 8: ask for fewer nodes or a higher level");
  core.submit(placed(8, {.required = DomainKind::kRack}));
  core.submit(placed(9, {.preferred = DomainKind::kRack}));
  CHECK(refusal(core, placed(2, {.required = DomainKind::kCell})) ==
        "the fabric has no cell; its levels are leaf, rack, site");
}

TEST_CASE("[B49] nodes that are too small for the share do not make a domain large enough") {
  ClusterConfig config = racks();
  config.classes.push_back({"small", test::gpu_node_shape(16, 4)});
  for (std::uint32_t i = 0; i < 3; ++i) config.nodes[i].node_class = 1;
  CoreDriver core(std::move(config));
  JobRequest request = placed(4, {.required = DomainKind::kLeaf});
  request.components[0].per_node.gpus = 8;
  core.submit(request);
  request.components[0].excluded_nodes = {"node005", "node009", "node013"};
  CHECK(refusal(core, request).find("the largest, leaf2, has 3") != std::string::npos);
}

TEST_CASE("[B51] segments are refused where they are uneven or no domain holds one") {
  CoreDriver core(racks());
  CHECK(refusal(core, placed(6, {.segment = 4})).find("not a multiple of segments of 4") !=
        std::string::npos);
  CHECK(refusal(core, placed(10, {.segment = 5})) ==
        "the job asks for 2 segments of 5 nodes, each in one leaf; partition 'main' could ever "
        "hold 0, and its largest leaf has 4 such nodes: lower --segment or --nodes");
  core.submit(placed(10, {.segment = 5, .segment_level = DomainKind::kRack}));
  core.submit(placed(8, {.segment = 2}));
  TopologyRequest spread{.segment = 2, .segment_order = SegmentOrder::kSpread};
  core.submit(placed(8, spread));
  CHECK(refusal(core, placed(10, spread)).find("each in a leaf of its own") != std::string::npos);
}

TEST_CASE("[B51] [B60] segments are made of nodes with the features") {
  CoreDriver core(racks());
  JobRequest request = featured(8, "ib");
  request.components[0].topology.segment = 4;
  core.submit(request);
  request.components[0].nodes = request.components[0].tasks = 16;
  request.components[0].constraint = *parse_constraint("ib|old");
  core.submit(request);
  request.components[0].nodes = request.components[0].tasks = 4;
  request.components[0].constraint = *parse_constraint("[old*2&ib*2]");
  core.submit(request);
  request.components[0].nodes = request.components[0].tasks = 2;
  request.components[0].constraint = *parse_constraint("old");
  request.components[0].topology.segment = 2;
  core.submit(request);
  request.components[0].nodes = request.components[0].tasks = 14;
  request.components[0].constraint = *parse_constraint("ib");
  core.submit(request);
  request.components[0].nodes = request.components[0].tasks = 12;
  request.components[0].topology.segment = 3;
  CHECK(refusal(core, request).find("could ever hold 3") != std::string::npos);
}

TEST_CASE("[B60] an unknown feature is refused with those that are known") {
  CoreDriver core(racks());
  CHECK(refusal(core, featured(1, "ib&h200")) ==
        "--constraint names the feature 'h200', which no node has; known are ib, old");
  CoreDriver plain;
  CHECK(refusal(plain, featured(1, "a")).find("no feature is configured") != std::string::npos);
}

TEST_CASE("[B60] a constraint that too few nodes satisfy is refused with both numbers") {
  CoreDriver core(racks());
  CHECK(refusal(core, featured(3, "old")).find("3 with old (has 2)") != std::string::npos);
  CHECK(refusal(core, featured(4, "[old*3&ib*1]")).find("3 with old (has 2)") != std::string::npos);
  core.submit(featured(4, "[old*2&ib*2]"));
  core.submit(featured(16, "old|ib"));
  CHECK(refusal(core, featured(15, "[old|ib]")).find("15 with ib (has 14)") != std::string::npos);
}

TEST_CASE("[B60] disjoint counts are not satisfied twice by one node") {
  ClusterConfig config = cluster_of(4);
  for (ConfiguredNode& node : config.nodes) node.features = {"plain"};
  config.nodes[0].features = config.nodes[1].features = {"a", "b"};
  CoreDriver core(std::move(config));
  core.submit(featured(2, "[a*1&b*1]"));
  CHECK(refusal(core, featured(4, "[a*2&b*2]")).find("2 with a (has 2), 2 with b (has 2)") !=
        std::string::npos);
}

TEST_CASE("a job never spans sites") {
  ClusterConfig config = cluster_of(8);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"all", DomainKind::kCluster, DomainId{0}},
             {"north", DomainKind::kSite, DomainId{0}},
             {"south", DomainKind::kSite, DomainId{0}},
             {"leaf1", DomainKind::kLeaf, DomainId{1}},
             {"leaf2", DomainKind::kLeaf, DomainId{2}}};
  for (std::uint32_t i = 0; i < 8; ++i) config.nodes[i].leaf = DomainId{i < 5 ? 3u : 4u};
  CoreDriver core(std::move(config));
  core.submit(request_for({.nodes = 5}));
  CHECK(refusal(core, request_for({.nodes = 6})).find("in one site of partition 'main'") !=
        std::string::npos);
}

TEST_CASE("tasks and GPUs in all take the fewest nodes that hold them evenly") {
  CoreDriver core;  // 4 nodes of 16 cores and 8 GPUs
  const auto taken = [&core](JobRequest request) {
    return core.state.find_job(core.submit(std::move(request)))->request->components[0];
  };
  const Component gpus = taken(in_all(1, 16));
  CHECK(gpus.nodes == 2);
  CHECK(gpus.per_node.gpus == 8);
  CHECK(gpus.tasks == 2);
  CHECK_FALSE(gpus.any_nodes);
  const Component uneven = taken(in_all(1, 9));
  CHECK(uneven.nodes == 3);
  CHECK(uneven.per_node.gpus == 3);
  const Component tasks = taken(in_all(20, 0, 2));
  CHECK(tasks.nodes == 3);
  CHECK(tasks.tasks_per_node == 7);
  CHECK(tasks.per_node.cores == 14);
  CHECK(tasks.tasks == 20);
  CHECK(taken(in_all(8, 8)).nodes == 1);
  CHECK(refusal(core, in_all(1, 40)) ==
        "no number of nodes of partition 'main' holds 1 task, 40 GPUs and 1 cores in all: ask for "
        "less, or say --nodes and how much of a node each takes");
}

TEST_CASE("memory that was asked for by GPU is divided with the GPUs") {
  CoreDriver core;
  JobRequest request = in_all(1, 16);
  request.components[0].per_node.memory_mib = 16 * 4096;
  request.components[0].memory_divides = true;
  CHECK(core.state.find_job(core.submit(request))->request->components[0].per_node.memory_mib ==
        8 * 4096);
}

}  // namespace
}  // namespace usine
