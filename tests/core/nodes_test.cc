#include <doctest/doctest.h>

#include "scheduler/core/messages.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::gpu_node_shape;
using test::request_for;

AttemptKey first_attempt(JobId job) { return {job, AttemptNumber{1}}; }

TEST_CASE("[B93] a node out of reach shorter than its lease changes nothing for its jobs") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.nodes = 2});
  core.must(AgentGone{NodeId{0}});
  CHECK(core.state.node(NodeId{0}).link == NodeLink::kUnreachable);
  CHECK(core.state_of(job) == JobState::kRunning);
  const Admitted back = core.hello("node001", {first_attempt(job)});
  CHECK(std::get<Welcome>(back.messages.at(0)).keep.size() == 1);
  CHECK(core.state_of(job) == JobState::kRunning);
}

TEST_CASE("[B93] beyond the lease the attempt is lost once and ends as node_fail") {
  CoreDriver core;
  core.join_all();
  JobRequest request = request_for({.nodes = 2});
  request.requeue = false;
  const JobId job = core.submit(request);
  core.plan();
  core.prepare_all(job);
  core.must(AgentGone{NodeId{1}});
  core.must(LeaseExpired{NodeId{1}});
  CHECK(core.state.node(NodeId{1}).link == NodeLink::kDown);
  core.must(LeaseExpired{NodeId{1}});
  CHECK(core.last_events.empty());
  core.ended(job, 0, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(job) == JobState::kNodeFail);
  CHECK(core.job(job).message.find("node002") != std::string::npos);
}

TEST_CASE("[B93] an agent that comes back with an orphan joins only when it is rid of it") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  core.must(AgentGone{NodeId{0}});
  core.must(LeaseExpired{NodeId{0}});
  const Admitted first = core.hello("node001", {first_attempt(job)});
  CHECK(std::get<Welcome>(first.messages.at(0)).keep.empty());
  CHECK(core.state.node(NodeId{0}).link == NodeLink::kDown);
  core.hello("node001");
  CHECK(core.state.node(NodeId{0}).link == NodeLink::kUp);
}

TEST_CASE("a lost job starts again only when its node is back or fenced") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  core.must(AgentGone{NodeId{0}});
  core.must(LeaseExpired{NodeId{0}});
  REQUIRE(core.state_of(job) == JobState::kPending);
  core.now += Millis{600'000};
  CHECK(core.plan().reasons.at(job).kind == ReasonKind::kAwaitingFence);

  SUBCASE("the node is back") { core.hello("node001"); }
  SUBCASE("an operator fenced it") {
    core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kFence, ""});
  }
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("a job that never started does not wait for the node that was lost while it prepared") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  core.plan();
  core.must(LeaseExpired{NodeId{0}});
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(core.job(job).awaiting_fence.empty());
  core.now += Millis{600'000};
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("a job that waives fencing starts elsewhere at once") {
  CoreDriver core;
  core.join_all();
  JobRequest request = request_for({});
  request.requeue_unfenced = true;
  const JobId job = core.submit(request);
  core.plan();
  core.prepare_all(job);
  core.must(AgentGone{NodeId{0}});
  core.must(LeaseExpired{NodeId{0}});
  core.now += Millis{600'000};
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B44] a job without requeue is not started again after a node failure") {
  CoreDriver core;
  core.join_all();
  JobRequest request = request_for({});
  request.requeue = false;
  const JobId job = core.submit(request);
  core.plan();
  core.prepare_all(job);
  core.must(LeaseExpired{NodeId{0}});
  CHECK(core.state_of(job) == JobState::kNodeFail);
}

TEST_CASE("[B94] an end that is reported after an outage releases the node once") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.gpus = 8});
  core.must(StartEpoch{Epoch{2}});  // the scheduler was away
  CHECK(core.state.node(NodeId{0}).link == NodeLink::kUnreachable);
  core.hello("node001", {first_attempt(job)});
  core.ended(job, 0);
  CHECK(core.state_of(job) == JobState::kCompleted);
  CHECK(core.state.node(NodeId{0}).free_gpus.count() == 8);
  const std::string before = digest(core.state);
  core.must(AgentEnded{NodeId{0}, {first_attempt(job), {}, Millis{1}, 0}});
  CHECK(digest(core.state) == before);
}

TEST_CASE("a Prepare that an agent never got is said again at its Hello") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  core.plan();
  core.must(AgentGone{NodeId{0}});
  const Admitted answer = core.hello("node001");
  REQUIRE(answer.messages.size() == 2);
  CHECK(std::get<Prepare>(answer.messages[1]).key == first_attempt(job));
}

TEST_CASE("an agent that comes back without a running job has lost it") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  core.hello("node001");
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(core.job(job).requeues == 1);
  CHECK(core.job(job).awaiting_fence.empty());
}

TEST_CASE("[B59] an inventory smaller than configured drains the node with what is missing") {
  CoreDriver core;
  core.hello("node001", {}, std::make_shared<NodeShape>(gpu_node_shape(16, 6)));
  const Node& node = core.state.node(NodeId{0});
  REQUIRE(node.drain);
  CHECK(node.drain->author == "usine");
  CHECK(node.drain->reason.find("GPU") != std::string::npos);
  CHECK(node.free_gpus.count() == 6);
}

// A node's shape without one of its GPUs, as the node reports it.
std::shared_ptr<const NodeShape> without_gpu(NodeShape shape, std::size_t gpu) {
  shape.gpus.erase(shape.gpus.begin() + static_cast<std::ptrdiff_t>(gpu));
  shape.gpu_links_mbps.clear();
  return std::make_shared<const NodeShape>(std::move(shape));
}

TEST_CASE("[B59] a lost GPU is a hole and moves no other GPU of a running job") {
  CoreDriver core(test::cluster_of(1));
  core.join_all();
  const JobId job = core.running(Ask{.gpus = 4});
  const GpuSet held = core.job(job).attempt->allocation.nodes[0].gpus;
  REQUIRE(held.count() == 4);
  const std::size_t lost = held.contains(0) ? 5 : 1;  // of a GPU that the job does not hold
  core.hello("node001", {first_attempt(job)}, without_gpu(gpu_node_shape(), lost));
  const Node& node = core.state.node(NodeId{0});
  REQUIRE(node.drain);
  CHECK(node.drain->reason.find("7 of 8 GPUs") != std::string::npos);
  GpuSet free = GpuSet::first(8) - held;
  free.erase(lost);
  CHECK(node.free_gpus == free);

  // Back in service the hole stays one: the next job gets what is there, by its own bus ids.
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kResume, ""});
  const JobId next = core.running(Ask{.gpus = 3});
  CHECK(core.job(next).attempt->allocation.nodes[0].gpus == free);
  const JobNode told = job_node(core.state, core.job(next).attempt->allocation.nodes[0]);
  REQUIRE(told.gpu_bus_ids.size() == 3);
  CHECK(told.gpu_bus_ids[0] == gpu_node_shape().gpus[free.next(0)].bus_id);
  CHECK(core.job(job).attempt->allocation.nodes[0].gpus == held);
}

TEST_CASE("[B88] a drained node finishes its jobs and starts none until it is resumed") {
  CoreDriver core(test::cluster_of(1));
  core.join_all();
  const JobId running = core.running(Ask{});
  const Caller op = CoreDriver::user("operator");
  core.must(ActOnNode{op, "node001", NodeAction::kDrain, "fan noise"});
  CHECK(core.state.node(NodeId{0}).drain->author == "operator");
  const JobId waiting = core.submit(Ask{});
  core.plan();
  CHECK(core.state_of(waiting) == JobState::kPending);
  CHECK(core.state_of(running) == JobState::kRunning);
  core.must(ActOnNode{op, "node001", NodeAction::kResume, ""});
  core.plan();
  CHECK(core.state_of(waiting) == JobState::kPreparing);
}

TEST_CASE("a node of another cluster and a node that nobody configured are refused") {
  CoreDriver core;
  Hello hello{"node001", "boot", "other-cluster", nullptr, {}};
  CHECK(core.refused(AgentHello{hello}).code == ErrorCode::kRefused);
  hello = {"node999", "boot", "", nullptr, {}};
  CHECK(core.refused(AgentHello{hello}).code == ErrorCode::kNotFound);
}

TEST_CASE("a new configuration keeps every node's id and refuses to leave one out") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.nodes = 4});
  ClusterConfig larger = test::cluster_of(6);
  std::swap(larger.nodes[0], larger.nodes[5]);
  core.must(Configure{"", std::make_shared<ClusterConfig>(larger)});
  CHECK(core.state.node_name(NodeId{0}) == "node001");
  CHECK(core.state.nodes.size() == 6);
  CHECK(core.state_of(job) == JobState::kRunning);
  const auto smaller = std::make_shared<ClusterConfig>(test::cluster_of(3));
  CHECK(core.refused(Configure{"", smaller}).message.find("node004") != std::string::npos);
}

TEST_CASE("a snapshot gives the same state back with its derived parts") {
  CoreDriver core;
  core.join_all();
  core.running(Ask{.nodes = 2, .gpus = 4});
  core.submit(Ask{.nodes = 4, .gpus = 8});
  const auto read = decode_snapshot(encode_snapshot(core.state));
  REQUIRE(read.has_value());
  CHECK(digest(*read) == digest(core.state));
  CHECK(check_invariants(*read).empty());
  CHECK(read->deadlines == core.state.deadlines);
  std::string newer = encode_snapshot(core.state);
  newer.front() = static_cast<char>(kSnapshotVersion + 1);
  const std::string format = "format " + std::to_string(kSnapshotVersion + 1);
  CHECK(decode_snapshot(newer).error().message.find(format) != std::string::npos);
  std::string damaged = encode_snapshot(core.state);
  damaged.pop_back();
  CHECK(decode_snapshot(damaged).error().code == ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace usine
