// What the core makes of what agents say of the site's prolog and epilog.
#include <string>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

constexpr Millis kProlog{60'000};

AttemptKey key_of(const CoreDriver& core, JobId job) {
  return {job, core.job(job).attempt->number};
}

NodeId node_at(const CoreDriver& core, JobId job, std::size_t index) {
  return core.job(job).attempt->allocation.nodes.at(index).node;
}

void join_with_prolog(CoreDriver& core) {
  for (const ConfiguredNode& node : core.state.config->nodes) {
    core.must(AgentHello{{node.name, "boot-1", "", nullptr, {}, kProlog}});
  }
}

Prepared failed_prolog(AttemptKey key, EpilogWord epilog = {}) {
  return {key, false, true, "prolog exited with 3: no scratch", "", true, std::move(epilog)};
}

Ended ended(AttemptKey key, EpilogWord epilog, ExitStatus exit = {}) {
  return {key, std::move(exit), Millis{5'000}, 10, {}, std::move(epilog)};
}

const EpilogWord kRuns{true, {}, false};
const EpilogWord kFailed{false, "epilog exited with 4: GPU 3 is stuck", false};

TEST_CASE("[B45] a prolog that fails drains the node and puts the job back as if nothing were") {
  CoreDriver core;
  join_with_prolog(core);
  JobRequest request = test::request_for(Ask{.nodes = 2, .gpus = 8});
  request.requeue = false;
  const JobId job = core.submit(request);
  core.plan();
  const NodeId bad = node_at(core, job, 1);
  core.prepared(job, 0);
  core.must(AgentPrepared{bad, failed_prolog(key_of(core, job))});
  REQUIRE(core.state.node(bad).drain);
  CHECK(core.state.node(bad).drain->reason == "prolog exited with 3: no scratch");
  CHECK(core.state.node(bad).drain->author == "usine");
  core.ended(job, 0, {EndCause::kStopped, 0, 0, ""});
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(core.job(job).requeues == 0);
  CHECK(core.job(job).hold == HoldKind::kNone);
  CHECK(core.job(job).requeue_text.find("no scratch") != std::string::npos);
  core.plan();  // at once, elsewhere
  CHECK(core.state_of(job) == JobState::kPreparing);
  for (std::size_t i = 0; i < 2; ++i) CHECK(node_at(core, job, i) != bad);
}

TEST_CASE("[B45] the nodes of a gang are waited for as long as a prolog may take") {
  CoreDriver core;
  join_with_prolog(core);
  const JobId job = core.submit(Ask{.nodes = 2});
  core.plan();
  core.prepared(job, 0);
  core.pass(kProlog);
  CHECK(core.state_of(job) == JobState::kPreparing);
  core.pass(core.state.config->timings.prepare);
  CHECK(core.state_of(job) == JobState::kStopping);
}

TEST_CASE("[B45] what a job had is free only when its epilog has run") {
  CoreDriver core(test::cluster_of(1));
  core.join_all();
  const JobId job = core.running(Ask{.gpus = 8});
  const AttemptKey key = key_of(core, job);
  const NodeId node = node_at(core, job, 0);
  core.must(AgentEnded{node, ended(key, kRuns)});
  CHECK(core.state_of(job) == JobState::kStopping);
  CHECK(core.count_of<EpilogStarted>() == 1);
  const JobId next = core.submit(Ask{.gpus = 8});
  core.plan();
  CHECK(core.state_of(next) == JobState::kPending);
  core.must(AgentEnded{node, ended(key, kRuns)});  // said again on a new stream
  CHECK(core.last_events.empty());
  core.must(AgentEnded{node, ended(key, {})});
  CHECK(core.state_of(job) == JobState::kCompleted);
  core.plan();
  CHECK(core.state_of(next) == JobState::kPreparing);
}

TEST_CASE("[B45] the head's end stops the other nodes before its epilog has run") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{.nodes = 2});
  core.must(AgentEnded{node_at(core, job, 0), ended(key_of(core, job), kRuns)});
  CHECK(core.count_of<StopRequested>() == 1);
  core.ended(job, 1, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(job) == JobState::kStopping);
  core.must(AgentEnded{node_at(core, job, 0), ended(key_of(core, job), {})});
  CHECK(core.state_of(job) == JobState::kCompleted);
}

TEST_CASE("[B45] an epilog that fails drains the node and leaves the job's ending as it is") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  const AttemptKey key = key_of(core, job);
  const NodeId node = node_at(core, job, 0);
  core.must(AgentEnded{node, ended(key, kRuns)});
  CHECK_FALSE(core.state.node(node).drain);
  core.must(AgentEnded{node, ended(key, kFailed)});
  CHECK(core.state_of(job) == JobState::kCompleted);
  REQUIRE(core.state.node(node).drain);
  CHECK(core.state.node(node).drain->reason == kFailed.failure);
  core.must(
      ActOnNode{CoreDriver::user("operator"), core.state.node_name(node), NodeAction::kResume, {}});
  core.must(AgentEnded{node, ended(key, kFailed)});  // late: it was heard before
  CHECK_FALSE(core.state.node(node).drain);
}

TEST_CASE("[B45] a failed script's reason is kept beside that of an operator's drain") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  const NodeId node = node_at(core, job, 0);
  core.must(ActOnNode{CoreDriver::user("operator"), core.state.node_name(node), NodeAction::kDrain,
                      "new fans"});
  core.must(AgentEnded{node, ended(key_of(core, job), kFailed)});
  CHECK(core.state.node(node).drain->reason == "new fans; " + kFailed.failure);
  CHECK(core.state.node(node).drain->author == "operator");
}

TEST_CASE("[B45] a node that is lost in the middle of an epilog takes nothing from the job") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.running(Ask{});
  const AttemptKey key = key_of(core, job);
  const NodeId node = node_at(core, job, 0);
  core.must(AgentEnded{node, ended(key, kRuns, {EndCause::kExited, 7, 0, {}})});
  core.must(AgentGone{node});
  core.must(LeaseExpired{node});
  CHECK(core.state_of(job) == JobState::kFailed);
  CHECK(core.job(job).exit.exit_code == 7);
  // It is back with the attempt in its epilog, and joins when that is over.
  const std::string& name = core.state.node_name(node);
  core.hello(name, {key});
  CHECK(core.state.node(node).link == NodeLink::kDown);
  EpilogWord late = kFailed;
  late.of_orphan = true;
  core.must(AgentEnded{node, ended(key, late)});
  core.hello(name);
  CHECK(core.state.node(node).link == NodeLink::kUp);
  REQUIRE(core.state.node(node).drain);
  CHECK(core.state.node(node).drain->reason == kFailed.failure);
}

TEST_CASE("[B45] a job that is cancelled during a prolog that then fails stays cancelled") {
  CoreDriver core;
  join_with_prolog(core);
  const JobId job = core.submit(Ask{});
  core.plan();
  const AttemptKey key = key_of(core, job);
  const NodeId node = node_at(core, job, 0);
  core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kCancel});
  core.must(AgentPrepared{node, failed_prolog(key, kRuns)});
  CHECK(core.state.node(node).drain);
  CHECK(core.state_of(job) == JobState::kStopping);
  core.must(AgentPrepared{node, failed_prolog(key)});
  CHECK(core.state_of(job) == JobState::kCancelled);
}

TEST_CASE("a job that its node cannot launch fails also where the agent was restarted meanwhile") {
  CoreDriver core;
  core.join_all();
  const JobId job = core.submit(Ask{});
  core.plan();
  const ExitStatus refused{EndCause::kLaunchRefused, 0, 0, "no folder /data"};
  core.must(AgentEnded{node_at(core, job, 0), ended(key_of(core, job), {}, refused)});
  CHECK(core.state_of(job) == JobState::kFailed);
  CHECK(core.job(job).message == "no folder /data");
}

}  // namespace
}  // namespace usine
