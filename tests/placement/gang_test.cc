#include <algorithm>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

std::vector<std::string> nodes_of(const CoreDriver& core, JobId job) {
  std::vector<std::string> names;
  for (const NodeShare& share : core.job(job).attempt->allocation.nodes) {
    names.push_back(core.state.node_name(share.node));
  }
  return names;
}

using Names = std::vector<std::string>;

// Starts a job on exactly these nodes.
JobId occupy(CoreDriver& core, const Names& names, std::uint32_t gpus = 8) {
  JobRequest request =
      request_for({.nodes = static_cast<std::uint32_t>(names.size()), .gpus = gpus});
  request.components[0].only_nodes = names;
  const JobId job = core.submit(request);
  core.plan();
  REQUIRE(core.state_of(job) == JobState::kPreparing);
  return job;
}

JobId placed(CoreDriver& core, const Ask& ask) {
  const JobId job = core.submit(ask);
  core.plan();
  REQUIRE(core.state_of(job) == JobState::kPreparing);
  return job;
}

TEST_CASE("[B47] a job that fits one leaf goes to the smallest one that is sufficient") {
  CoreDriver core(cluster_of(12));
  core.join_all();
  occupy(core, {"node005", "node006"});  // leaf2 has two left, leaf1 and leaf3 four
  CHECK(nodes_of(core, placed(core, {.nodes = 2, .gpus = 8})) == Names{"node007", "node008"});
  CHECK(nodes_of(core, placed(core, {.nodes = 3, .gpus = 8})) ==
        Names{"node001", "node002", "node003"});
}

TEST_CASE("a gang larger than any leaf takes the fewest leaves in the order of the fabric") {
  CoreDriver core(cluster_of(12));
  core.join_all();
  occupy(core, {"node001", "node002", "node003"});
  const JobId job = placed(core, {.nodes = 6, .gpus = 8});
  CHECK(nodes_of(core, job) ==
        Names{"node005", "node006", "node007", "node008", "node009", "node010"});
}

TEST_CASE("[B62] small jobs go to broken nodes and leaves before whole ones") {
  CoreDriver core(cluster_of(8));
  core.join_all();
  occupy(core, {"node006"}, 4);
  CHECK(nodes_of(core, placed(core, {.gpus = 4})) == Names{"node006"});
  CHECK(nodes_of(core, placed(core, {.gpus = 4})) == Names{"node005"});
}

TEST_CASE("[B57] jobs on one node share no core and no GPU") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const JobId first = placed(core, {.gpus = 3, .cores = 5});
  const JobId second = placed(core, {.gpus = 5, .cores = 11});
  const NodeShare& a = core.job(first).attempt->allocation.nodes[0];
  const NodeShare& b = core.job(second).attempt->allocation.nodes[0];
  CHECK_FALSE(a.cores.intersects(b.cores));
  CHECK_FALSE(a.gpus.intersects(b.gpus));
  const JobId third = core.submit(Ask{.gpus = 1});
  CHECK(core.plan().reasons.at(third).kind == ReasonKind::kGpusBusy);
}

TEST_CASE("[B60] excluded nodes are left out and named ones are among the chosen") {
  CoreDriver core(cluster_of(8));
  core.join_all();
  JobRequest request = request_for({.nodes = 3, .gpus = 8});
  request.components[0].excluded_nodes = {"node001", "node002"};
  request.components[0].only_nodes = {"node008"};
  const JobId job = core.submit(request);
  core.plan();
  const Names names = nodes_of(core, job);
  CHECK(names.size() == 3);
  CHECK(std::ranges::count(names, "node008") == 1);
  CHECK(std::ranges::count(names, "node001") + std::ranges::count(names, "node002") == 0);
}

TEST_CASE("an exclusive job gets whole idle nodes and says so while there are none") {
  CoreDriver core(cluster_of(2));
  core.join_all();
  occupy(core, {"node001"}, 1);
  JobRequest request = request_for({.nodes = 1, .gpus = 1});
  request.components[0].exclusive = true;
  const JobId first = core.submit(request);
  core.plan();
  const NodeShare& share = core.job(first).attempt->allocation.nodes.at(0);
  CHECK(core.state.node_name(share.node) == "node002");
  CHECK(share.gpus.count() == 8);
  CHECK(share.cores.count() == 16);
  const JobId second = core.submit(request);
  CHECK(core.plan().reasons.at(second).kind == ReasonKind::kNodesBusy);
}

TEST_CASE("the components of one job go to different nodes together") {
  CoreDriver core(cluster_of(4));
  core.join_all();
  JobRequest request = request_for({.nodes = 1, .cores = 2});
  request.components.push_back(request_for({.nodes = 3, .gpus = 8}).components[0]);
  const JobId job = core.submit(request);
  core.plan();
  const auto& nodes = core.job(job).attempt->allocation.nodes;
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[0].component == 0);
  CHECK(nodes[3].component == 1);
  CHECK(nodes[3].gpus.count() == 8);
}

TEST_CASE("[B31] the parts of a job start together or not at all and fail together") {
  CoreDriver core(cluster_of(4));
  core.join_all();
  const JobId other = core.running({.nodes = 2, .gpus = 8});
  JobRequest request = request_for({.nodes = 1, .gpus = 8});
  request.components.push_back(request_for({.nodes = 2, .gpus = 8}).components[0]);
  const JobId job = core.submit(request);
  core.plan();
  CHECK(core.state_of(job) == JobState::kPending);  // each part alone would have had room
  core.end_all(other);
  core.plan();
  REQUIRE(core.state_of(job) == JobState::kPreparing);
  core.prepared(job, 0);
  core.prepared(job, 1);
  CHECK(core.state_of(job) == JobState::kPreparing);
  core.prepared(job, 2);
  CHECK(core.state_of(job) == JobState::kRunning);
  CHECK(core.job(job).attempt->allocation.total_gpus() == 24);
  const NodeId of_the_second = core.job(job).attempt->allocation.nodes[2].node;
  core.must(AgentGone{of_the_second});
  core.must(LeaseExpired{of_the_second});
  CHECK(core.state_of(job) == JobState::kStopping);
  CHECK(core.job(job).attempt->stop->cause == StopCause::kNodeLost);
}

TEST_CASE("[B32] an array of jobs of several parts is refused") {
  CoreDriver core(cluster_of(4));
  JobRequest request = request_for({.nodes = 1});
  request.components.push_back(request.components[0]);
  request.array = *parse_array_spec("0-3");
  const auto shared = std::make_shared<const JobRequest>(request);
  const Error error = core.refused(SubmitJob{CoreDriver::user("ada"), shared, false});
  CHECK(error.message.find("an array of jobs of several parts is not supported") == 0);
}

}  // namespace
}  // namespace usine
