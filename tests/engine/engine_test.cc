#include "scheduler/engine/engine.h"

#include <doctest/doctest.h>

#include "tests/engine/driver.h"

namespace usine {
namespace {

using sim::make_request;
using test::Driver;

const Caller kRoot{"root", 0, 0, true};

JobId running_job(Driver& driver, std::uint32_t nodes) {
  const JobId job = driver.submit(make_request(nodes, 1, 1));
  driver.plan();
  driver.prepare_all({job, {driver.job(job).attempts}});
  return job;
}

TEST_CASE("A placed job is prepared on every node and started once all have agreed") {
  Driver driver;
  driver.join_all();
  const JobId job = driver.submit(make_request(3, 1, 1));
  CHECK(driver.sent<Prepare>().empty());
  driver.plan();
  const auto prepares = driver.sent<Prepare>();
  REQUIRE(prepares.size() == 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(prepares[i].second.this_node == i);
    CHECK(prepares[i].second.nodes.size() == 3);
    CHECK(prepares[i].second.request == driver.job(job).request);
    CHECK(prepares[i].second.script.empty());
  }
  const AttemptKey key{job, {1}};
  static_cast<void>(driver.call(AgentPrepared{prepares[0].first, {key, true, false, "", "a:1"}}));
  static_cast<void>(driver.call(AgentPrepared{prepares[1].first, {key, true, false, "", "b:2"}}));
  CHECK(driver.sent<Start>().empty());
  static_cast<void>(driver.call(AgentPrepared{prepares[2].first, {key, true, false, "", "c:3"}}));
  const auto starts = driver.sent<Start>();
  REQUIRE(starts.size() == 3);
  CHECK(starts[0].second.peers == std::vector<std::string>{"a:1", "b:2", "c:3"});
  CHECK(starts[1].second.peers.empty());
  CHECK(starts[2].second.peers.empty());
}

TEST_CASE("A job that ended is stopped on its other nodes and forgotten node by node") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 3);
  const AttemptKey key{job, {1}};
  const Allocation allocation = driver.job(job).attempt->allocation;
  driver.effects.clear();
  static_cast<void>(driver.call(AgentEnded{allocation.nodes[0].node, {key, {}, {}, 0}}));
  CHECK(driver.effects.size() == 3);  // Forget to the head, Stop to the two others
  CHECK(driver.sent<Stop>().size() == 2);
  static_cast<void>(driver.call(AgentEnded{allocation.nodes[1].node, {key, {}, {}, 0}}));
  static_cast<void>(driver.call(AgentEnded{allocation.nodes[2].node, {key, {}, {}, 0}}));
  CHECK(driver.sent<Forget>().size() == 2);
  CHECK(driver.job(job).state == JobState::kCompleted);
}

TEST_CASE("Nothing is told before the batch that carries it is taken") {
  Driver driver;
  driver.join_all();
  const JobRequest request = make_request(1, 1, 1);
  driver.engine().handle(
      SubmitJob{{"alice", 1, 1, false}, std::make_shared<JobRequest>(request), false}, 900,
      driver.now);
  const Batch batch = driver.engine().take_batch();
  REQUIRE(batch.replies.size() == 1);
  CHECK(batch.replies[0].to == 900);
  CHECK(batch.commit.rows.size() == 1);
  CHECK(batch.applied->size() == 1);
  CHECK(batch.expected.value + 1 == batch.commit.rows[0].sequence.value);
  CHECK(driver.engine().take_batch().empty());
}

TEST_CASE("A refusal is answered and leaves no row and no blob") {
  Driver driver;
  const std::size_t rows = driver.journal.rows().size();
  auto request = std::make_shared<JobRequest>(make_request(999, 1, 1));
  const auto reply =
      driver.call(SubmitJob{{"alice", 1, 1, false}, request, false}, {{"hash", "content"}});
  CHECK_FALSE(reply);
  CHECK(driver.journal.rows().size() == rows);
  CHECK_FALSE(driver.journal.read_blob("hash"));
}

TEST_CASE("The blobs of an accepted submission are in the store") {
  Driver driver;
  auto request = std::make_shared<JobRequest>(make_request(1, 1, 1));
  REQUIRE(driver.call(SubmitJob{{"alice", 1, 1, false}, request, false}, {{"hash", "content"}}));
  CHECK(driver.journal.read_blob("hash") == "content");
}

TEST_CASE("[B40] [B84] Every attempt has one row with its GPU time and only the last is final") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 2);
  REQUIRE(driver.call(ActOnJob{kRoot, job, JobAction::kRequeue}));
  driver.end_all({job, {1}});
  driver.plan();
  driver.prepare_all({job, {2}});
  driver.end_all({job, {2}});
  const std::vector<HistoryRow>& history = driver.journal.history();
  REQUIRE(history.size() == 2);
  CHECK(history[0].key == AttemptKey{job, {1}});
  CHECK_FALSE(history[0].final);
  CHECK(history[1].key == AttemptKey{job, {2}});
  CHECK(history[1].final);
  CHECK(history[1].state == JobState::kCompleted);
  CHECK(history[1].elapsed == Millis{1'000});
  CHECK(history[1].gpus == 2);
  CHECK(history[1].node_list == "n[0001-0002]");
  CHECK(history[1].peak_memory_mib == 64);
  CHECK(history[1].gpu_ms == 2'000);
  CHECK(history[1].started.has_value());
}

TEST_CASE("Steps are committed with the end of their attempt and not with a report that is late") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 1);
  const AttemptKey key{job, {1}};
  const NodeId node = driver.job(job).attempt->allocation.nodes.front().node;
  const AgentEnded report{node, {key, {}, Millis{1'000}, 64}};
  const StepRows rows{key, {{StepRecord{.step = 0, .name = "true", .use = {}}}, 0}};
  driver.engine().handle(report, 1, driver.now, {{}, {rows}});
  CHECK(driver.engine().take_batch().commit.steps == std::vector<StepRows>{rows});
  driver.engine().handle(report, 2, driver.now, {{}, {rows}});
  CHECK(driver.engine().take_batch().commit.steps.empty());
}

TEST_CASE("A job that was cancelled while it waited is in the books without an attempt") {
  Driver driver;
  const JobId job = driver.submit(make_request(1, 1, 1));
  REQUIRE(driver.call(ActOnJob{kRoot, job, JobAction::kCancel}));
  REQUIRE(driver.journal.history().size() == 1);
  const HistoryRow& row = driver.journal.history().front();
  CHECK(row.key == AttemptKey{job, {0}});
  CHECK(row.state == JobState::kCancelled);
  CHECK(row.final);
  CHECK_FALSE(row.started.has_value());
}

TEST_CASE("A node that is as configured joins without its shape in the journal") {
  Driver driver;
  const std::size_t before = driver.journal.rows().size();
  driver.join_all();
  REQUIRE(driver.journal.rows().size() > before);
  CHECK(driver.journal.rows().back().command.size() < 200);
}

TEST_CASE("[B94] The end of an attempt that is over is answered with Forget and changes nothing") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 1);
  const NodeId node = driver.job(job).attempt->allocation.nodes[0].node;
  const AttemptKey key{job, {1}};
  driver.end_all(key);
  const std::size_t rows = driver.journal.rows().size();
  const auto again = driver.call(AgentEnded{node, {key, {}, {}, 0}});
  REQUIRE(again);
  const auto& messages = std::get<Admitted>(*again).messages;
  REQUIRE(messages.size() == 1);
  CHECK(std::holds_alternative<Forget>(messages[0]));
  CHECK(driver.journal.rows().size() == rows);
}

TEST_CASE("[B95] A configuration that drops a node is refused and the old one holds") {
  Driver driver(sim::make_cluster({.nodes = 8}));
  CHECK(driver.engine().configured());
  driver.restart_with(sim::make_cluster({.nodes = 7}));
  REQUIRE_FALSE(driver.engine().configured());
  CHECK(driver.engine().configured().error().message.find("n0008") != std::string::npos);
  CHECK(driver.engine().state().config->nodes.size() == 8);
}

// The simulator found a second attempt that started while the first one went on behind a network
// cut.
TEST_CASE("[B93] A job that was put back waits for a node that was lost while it stopped") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 2);
  const Allocation allocation = driver.job(job).attempt->allocation;
  REQUIRE(driver.call(ActOnJob{kRoot, job, JobAction::kRequeue}));
  static_cast<void>(driver.call(LeaseExpired{allocation.nodes[1].node}));
  static_cast<void>(driver.call(AgentEnded{allocation.nodes[0].node, {{job, {1}}, {}, {}, 0}}));
  CHECK(driver.job(job).state == JobState::kPending);
  CHECK(driver.job(job).awaiting_fence == std::set<NodeId>{allocation.nodes[1].node});
  driver.plan();
  CHECK_FALSE(driver.job(job).attempt.has_value());
}

TEST_CASE("A node that was fenced while the job stopped elsewhere is not waited for") {
  Driver driver;
  driver.join_all();
  const JobId job = running_job(driver, 2);
  const Allocation allocation = driver.job(job).attempt->allocation;
  const NodeId dead = allocation.nodes[1].node;
  static_cast<void>(driver.call(LeaseExpired{dead}));
  const std::string& name = driver.engine().state().node_name(dead);
  REQUIRE(driver.call(ActOnNode{kRoot, name, NodeAction::kFence, ""}));
  static_cast<void>(driver.call(AgentEnded{allocation.nodes[0].node, {{job, {1}}, {}, {}, 0}}));
  CHECK(driver.job(job).state == JobState::kPending);
  CHECK(driver.job(job).awaiting_fence.empty());
}

}  // namespace
}  // namespace usine
