#include <set>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;

const Caller kOperator = CoreDriver::user("operator");

JobRequest expedited_request(const Ask& ask) {
  JobRequest request = test::request_for(ask);
  request.requeue_expedite = true;
  return request;
}

std::set<NodeId> nodes_of(const CoreDriver& core, JobId job) {
  std::set<NodeId> nodes;
  for (const NodeShare& share : core.job(job).attempt->allocation.nodes) nodes.insert(share.node);
  return nodes;
}

// Four nodes: a gang that is expedited on two of them, one job on each of the others.
struct Cluster {
  Cluster() {
    core.join_all();
    gang = core.submit(expedited_request(Ask{.nodes = 2, .gpus = 8}));
    core.plan();
    core.prepare_all(gang);
    third = core.running(Ask{.gpus = 8});
    fourth = core.running(Ask{.gpus = 8});
    const auto& nodes = core.job(gang).attempt->allocation.nodes;
    well = nodes[0].node;
    lost = nodes[1].node;
  }

  void lose_a_node() {
    core.must(AgentGone{lost});
    core.must(LeaseExpired{lost});
    core.ended(gang, 0, {EndCause::kStopped, 0, 15, ""});
    REQUIRE(core.state_of(gang) == JobState::kPending);
  }

  CoreDriver core;
  JobId gang;
  JobId third;
  JobId fourth;
  NodeId well;
  NodeId lost;
};

TEST_CASE("[B42] what is left of an expedited job's nodes is kept for it and it goes first") {
  Cluster test;
  const JobId waits = test.core.submit(Ask{.gpus = 8});
  test.lose_a_node();
  test.core.must(
      ActOnNode{kOperator, test.core.state.node_name(test.lost), NodeAction::kFence, ""});
  test.core.plan();
  CHECK(test.core.state_of(waits) == JobState::kPending);
  CHECK(test.core.state_of(test.gang) == JobState::kPending);
  const NodeId spare = test.core.job(test.third).attempt->allocation.nodes[0].node;
  test.core.ended(test.third, 0);
  test.core.plan();
  REQUIRE(test.core.state_of(test.gang) == JobState::kPreparing);
  CHECK(nodes_of(test.core, test.gang) == std::set<NodeId>{test.well, spare});
  CHECK(test.core.state_of(waits) == JobState::kPending);
  CHECK(test.core.job(test.gang).attempts == 2);
}

TEST_CASE("[B42] an expedited job does not run again on the node that failed it") {
  Cluster test;
  test.lose_a_node();
  test.core.hello(test.core.state.node_name(test.lost));  // back, and free
  test.core.plan();
  CHECK(test.core.state_of(test.gang) == JobState::kPending);
  test.core.ended(test.fourth, 0);
  test.core.plan();
  REQUIRE(test.core.state_of(test.gang) == JobState::kPreparing);
  CHECK_FALSE(nodes_of(test.core, test.gang).contains(test.lost));
}

TEST_CASE("[B42] a job that cannot do without the failed node may use it again") {
  CoreDriver core(cluster_of(2));
  core.join_all();
  const JobId job = core.submit(expedited_request(Ask{.nodes = 2, .gpus = 8}));
  core.plan();
  core.prepare_all(job);
  core.must(AgentGone{NodeId{1}});
  core.must(LeaseExpired{NodeId{1}});
  core.ended(job, 0, {EndCause::kStopped, 0, 15, ""});
  core.hello("node002");
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B42] what is kept for an expedited job is given up after ten minutes") {
  Cluster test;
  const JobId waits = test.core.submit(Ask{.gpus = 8});
  test.lose_a_node();
  test.core.plan();
  CHECK(test.core.state_of(waits) == JobState::kPending);
  test.core.pass(Seconds{600});
  test.core.plan();
  CHECK(test.core.state_of(waits) == JobState::kPreparing);
  CHECK(test.core.job(waits).attempt->allocation.nodes[0].node == test.well);
}

TEST_CASE("[B42] an expedited job whose script fails is held and not tried again") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(expedited_request(Ask{.gpus = 8}));
  core.plan();
  core.prepare_all(job);
  core.end_all(job, {EndCause::kExited, 3, 0, ""});
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(core.job(job).hold == HoldKind::kUser);
  core.plan();
  CHECK(core.state_of(job) == JobState::kPending);
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kRelease});
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B42] an expedited job does not wait longer each time but is held at the bound") {
  ClusterConfig config = cluster_of(4);
  config.timings.requeue_max = 2;
  CoreDriver core(config);
  core.join_all();
  const JobId job = core.submit(expedited_request(Ask{.gpus = 8}));
  for (int attempt = 0; attempt < 2; ++attempt) {
    core.plan();
    REQUIRE(core.state_of(job) == JobState::kPreparing);
    core.prepare_all(job);
    const NodeId node = core.job(job).attempt->allocation.nodes[0].node;
    core.must(LeaseExpired{node});
    core.must(ActOnNode{kOperator, core.state.node_name(node), NodeAction::kFence, ""});
  }
  CHECK(core.job(job).hold == HoldKind::kRequeueLimit);
}

}  // namespace
}  // namespace usine
