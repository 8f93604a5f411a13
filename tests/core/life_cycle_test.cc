#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

AttemptKey key_of(const CoreDriver& core, JobId job) {
  return {job, core.job(job).attempt->number};
}

NodeId node_at(const CoreDriver& core, JobId job, std::size_t index) {
  return core.job(job).attempt->allocation.nodes.at(index).node;
}

void cancel(CoreDriver& core, JobId job) {
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kCancel});
}

TEST_CASE("[B28] a gang starts only when its last node has prepared") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{.nodes = 3, .gpus = 8});
  core.plan();
  core.prepared(job, 0);
  core.prepared(job, 2);
  CHECK(core.state_of(job) == JobState::kPreparing);
  core.prepared(job, 1);
  CHECK(core.count_of<AttemptStarted>() == 1);
  CHECK(core.state_of(job) == JobState::kRunning);
}

TEST_CASE(
    "[B28] when one agent refuses all nodes are released and the job waits with that reason") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{.nodes = 2, .gpus = 8});
  core.plan();
  core.prepared(job, 0);
  const Prepared refusal{key_of(core, job), false, true, "no space left on device", ""};
  core.must(AgentPrepared{node_at(core, job, 1), refusal});
  CHECK(core.state_of(job) == JobState::kStopping);
  core.ended(job, 0, {EndCause::kStopped, 0, 0, ""});
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(core.job(job).requeue_text.find("no space left on device") != std::string::npos);
  const Plan plan = core.plan();
  CHECK(plan.reasons.at(job).kind == ReasonKind::kRequeueDelay);
  core.pass(Millis{60'000});
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B45] a node's own fault drains that node and the job goes elsewhere") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{.gpus = 8});
  core.plan();
  const NodeId bad = node_at(core, job, 0);
  core.must(AgentPrepared{bad, {key_of(core, job), false, true, "disk full", ""}});
  REQUIRE(core.state.node(bad).drain);
  CHECK(core.state.node(bad).drain->reason == "disk full");
  core.pass(Millis{60'000});
  core.plan();
  CHECK(node_at(core, job, 0) != bad);
}

TEST_CASE("[B45] a fault of the job itself fails it and drains no node") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  core.plan();
  const NodeId node = node_at(core, job, 0);
  core.must(AgentPrepared{node, {key_of(core, job), false, false, "no folder /data", ""}});
  CHECK(core.state_of(job) == JobState::kFailed);
  CHECK(core.job(job).message == "no folder /data");
  CHECK(!core.state.node(node).drain);
}

TEST_CASE("a gang that is not prepared in time is released and names the late node") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{.nodes = 2});
  core.plan();
  core.prepared(job, 0);
  core.pass(core.state.config->timings.prepare);
  CHECK(core.state_of(job) == JobState::kStopping);
  CHECK(core.job(job).attempt->stop->text.find("node002") != std::string::npos);
  core.end_all(job, {EndCause::kStopped, 0, 0, ""});
  CHECK(core.state_of(job) == JobState::kPending);
}

TEST_CASE("the end of the batch script ends the job on all its nodes") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.nodes = 2});
  core.ended(job, 0, {EndCause::kExited, 3, 0, ""});
  CHECK(core.state_of(job) == JobState::kStopping);
  core.ended(job, 1, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(job) == JobState::kFailed);
  CHECK(core.job(job).exit.exit_code == 3);
  CHECK(core.count_of<AttemptEnded>() == 1);
}

TEST_CASE("[B37] a job at its time limit ends as timeout whatever its script returns") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.time_limit = Seconds{60}});
  core.pass(Millis{59'999});
  CHECK(core.state_of(job) == JobState::kRunning);
  core.pass(Millis{1});
  CHECK(core.job(job).attempt->stop->cause == StopCause::kTimeLimit);
  core.ended(job, 0, {EndCause::kExited, 0, 0, ""});
  CHECK(core.state_of(job) == JobState::kTimeout);
}

TEST_CASE("a job is cancelled while it waits prepares runs and stops") {
  CoreDriver core;
  core.join_all();
  const JobId waiting = core.submit(Ask{});
  cancel(core, waiting);
  CHECK(core.state_of(waiting) == JobState::kCancelled);

  const JobId preparing = core.submit(Ask{});
  core.plan();
  cancel(core, preparing);
  core.end_all(preparing, {EndCause::kStopped, 0, 0, ""});
  CHECK(core.state_of(preparing) == JobState::kCancelled);

  const JobId runs = core.running(Ask{});
  cancel(core, runs);
  CHECK(core.state_of(runs) == JobState::kStopping);
  core.end_all(runs, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(runs) == JobState::kCancelled);

  const JobId restarts = core.running(Ask{});
  core.must(ActOnJob{CoreDriver::user("ada"), restarts, JobAction::kRequeue});
  cancel(core, restarts);
  core.end_all(restarts, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(restarts) == JobState::kCancelled);
  const Error twice = core.refused(ActOnJob{CoreDriver::user("ada"), restarts, JobAction::kCancel});
  CHECK(twice.code == ErrorCode::kConflict);
}

TEST_CASE("[B40] a requeue keeps the id and every attempt has its accounting event") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kRequeue});
  core.ended(job, 0, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.count_of<AttemptEnded>() == 1);
  CHECK(core.state_of(job) == JobState::kPending);
  core.plan();
  core.prepare_all(job);
  CHECK(core.job(job).attempt->number == AttemptNumber{2});
  core.end_all(job);
  CHECK(core.count_of<AttemptEnded>() == 1);
  CHECK(core.state_of(job) == JobState::kCompleted);
}

TEST_CASE("[B41] a late report of an old attempt changes nothing and is told to be forgotten") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  const AttemptKey old = key_of(core, job);
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kRequeue});
  core.ended(job, 0, {EndCause::kStopped, 0, 15, ""});
  core.plan();
  core.prepare_all(job);
  const std::string before = digest(core.state);
  const Reply reply = core.must(AgentEnded{NodeId{0}, {old, {}, Millis{1}, 0}});
  CHECK(digest(core.state) == before);
  REQUIRE(std::get<Admitted>(reply).messages.size() == 1);
  CHECK(std::get<Forget>(std::get<Admitted>(reply).messages[0]).key == old);
  CHECK(core.state_of(job) == JobState::kRunning);
}

TEST_CASE("[B43] at the requeue limit the job is held with its own reason") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  for (std::uint32_t i = 0; i < core.state.config->timings.requeue_max; ++i) {
    core.pass(Millis{600'000});
    core.plan();
    REQUIRE(core.state_of(job) == JobState::kPreparing);
    core.pass(core.state.config->timings.prepare);
    core.end_all(job, {EndCause::kStopped, 0, 0, ""});
  }
  CHECK(core.job(job).hold == HoldKind::kRequeueLimit);
  core.pass(Millis{600'000});
  const Plan plan = core.plan();
  CHECK(plan.reasons.at(job).kind == ReasonKind::kRequeueLimit);
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kRelease});
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("a job's share is free again on each node when that node has ended") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.nodes = 2, .gpus = 8, .cores = 16});
  const NodeId head = node_at(core, job, 0);
  CHECK(core.state.node(head).free_gpus.empty());
  core.ended(job, 0);
  CHECK(core.state.node(head).free_gpus.count() == 8);
  CHECK(core.state.node(node_at(core, job, 1)).free_gpus.empty());
}

}  // namespace
}  // namespace usine
