// What passes between a scheduler and its agents, from a submission to its place in history.
#include <doctest/doctest.h>

#include "scheduler/daemon/secrets.h"
#include "tests/daemon/schedulers.h"
#include "tests/support/wait.h"

using namespace usine;
using test::FakeAgent;
using test::InProcessScheduler;
using test::small_job;
using test::UserClient;

namespace {

std::string state_of_node(UserClient& user, int index) {
  return user.list_nodes()->nodes(index).state();
}

bool becomes(UserClient& user, int node, const std::string& state) {
  return test::wait_until([&] { return state_of_node(user, node) == state; });
}

}  // namespace

TEST_CASE("An agent with a wrong secret is sent away with the reason") {
  const InProcessScheduler scheduler;
  FakeAgent agent(scheduler.address(), "guessed");
  const Error said = agent.last_word();
  CHECK(said.code == ErrorCode::kPermission);
  CHECK(said.message.find("secret") != std::string::npos);
}

TEST_CASE("An agent of a node that is not configured is sent away with its name") {
  const InProcessScheduler scheduler;
  FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.say(Hello{"node999", "boot", {}, std::make_shared<const NodeShape>(), {}});
  CHECK(agent.last_word().message.find("node999") != std::string::npos);
}

TEST_CASE("A job passes from submission over its agent into history") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  const Welcome welcome = agent.join("node001", test::kMachine);
  CHECK(welcome.cluster_uuid == user.cluster()->uuid());
  proto::SubmitRequest request = small_job();
  request.set_environment(std::string("A=1\0", 4));
  request.mutable_request()->mutable_components(0)->mutable_per_node()->set_gpus(2);
  const std::uint64_t job = user.submit_ok(request);

  const Prepare prepare = agent.agree_to_prepare();
  CHECK(prepare.key == AttemptKey{JobId{job}, AttemptNumber{1}});
  CHECK(prepare.script == request.script());
  CHECK(prepare.environment == request.environment());
  CHECK(prepare.job_key == daemon::JobKeys(scheduler.secret()).key_of(prepare.key));
  REQUIRE(prepare.nodes.size() == 1);
  CHECK(prepare.nodes[0].gpu_bus_ids.size() == 2);
  CHECK(prepare.nodes[0].pus.size() >= prepare.nodes[0].cores.count());

  const Start start = agent.expect<Start>();
  CHECK(start.peers == std::vector<std::string>{"127.0.0.1:7001"});
  const auto running = user.wait_while(job, {"pending", "preparing"});
  REQUIRE(running);
  CHECK(running->summary().state() == "running");
  CHECK(running->head_address() == "127.0.0.1:7001");
  CHECK(running->job_key() == prepare.job_key);
  CHECK(running->placement_size() == 1);

  agent.say(Ended{prepare.key, {}, Millis(1234), 56});
  CHECK(agent.expect<Forget>().key == prepare.key);
  const auto ended = user.wait_while(job, {"running", "stopping"});
  REQUIRE(ended);
  CHECK(ended->summary().state() == "completed");
  CHECK(ended->job_key().empty());
  const auto history = user.list_history(job);
  REQUIRE(history);
  REQUIRE(history->entries_size() == 1);
  CHECK(history->entries(0).state() == "completed");
  CHECK(history->entries(0).elapsed_ms() == 1234);
  CHECK(history->entries(0).final());
}

TEST_CASE("[B28] No node of a gang is told to start before all have agreed") {
  const InProcessScheduler scheduler(2);
  UserClient user = scheduler.user();
  FakeAgent first(scheduler.address(), scheduler.secret());
  FakeAgent second(scheduler.address(), scheduler.secret());
  first.join("node001", test::kMachine);
  second.join("node002", test::kMachine);
  proto::SubmitRequest request = small_job();
  request.mutable_request()->mutable_components(0)->set_nodes(2);
  request.mutable_request()->mutable_components(0)->set_tasks(2);
  const std::uint64_t job = user.submit_ok(request);
  first.agree_to_prepare();
  CHECK(user.get_job(job)->summary().state() == "preparing");
  const Prepare refused = second.expect<Prepare>();
  second.say(Prepared{refused.key, false, true, "no room in /tmp", {}});
  // The node that had agreed is told to stop, and nothing before that.
  const Stop stop = first.expect<Stop>();
  first.say(Ended{stop.key, {EndCause::kStopped, 0, 0, {}}, {}, 0});
  const auto back = user.wait_while(job, {"preparing", "running", "stopping"});
  REQUIRE(back);
  CHECK(back->summary().state() == "pending");
  CHECK(back->summary().reasons_size() == 1);
}

TEST_CASE("An agent that connects anew takes over from its older stream") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  FakeAgent older(scheduler.address(), scheduler.secret());
  older.join("node001", test::kMachine);
  FakeAgent newer(scheduler.address(), scheduler.secret());
  newer.join("node001", test::kMachine);
  CHECK_THROWS(static_cast<void>(older.hear()));  // it was cut off
  CHECK(state_of_node(user, 0) == "up");
  user.submit_ok(small_job());
  newer.agree_to_prepare();
  newer.expect<Start>();
}

TEST_CASE("A node whose agent has gone is unreachable and up again after its next Hello") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  {
    FakeAgent agent(scheduler.address(), scheduler.secret());
    agent.join("node001", test::kMachine);
    CHECK(becomes(user, 0, "up"));
  }
  CHECK(becomes(user, 0, "unreachable"));
  FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.join("node001", test::kMachine);
  CHECK(becomes(user, 0, "up"));
}

TEST_CASE("[B88] A drained node takes no job until it is resumed") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.join("node001", test::kMachine);
  CHECK(user.act_on_nodes(proto::NODE_ACTION_DRAIN, {"node001"})->refusals_size() == 0);
  CHECK(state_of_node(user, 0) == "drained");
  const std::uint64_t job = user.submit_ok(small_job());
  CHECK(user.get_job(job)->summary().state() == "pending");
  CHECK(user.act_on_nodes(proto::NODE_ACTION_RESUME, {"node001"})->refusals_size() == 0);
  agent.agree_to_prepare();
}
