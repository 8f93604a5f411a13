// Agents of the version before with today's scheduler. tests/daemon/conversations/VERSION holds
// what an agent of that version said while it ran one job that exited with 3, byte for byte.
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "proto/convert_agents.h"
#include "proto/protocol_version.h"
#include "tests/daemon/schedulers.h"
#include "topology/discovery/machine.h"

using namespace usine;
using test::FakeAgent;
using test::InProcessScheduler;
using test::small_job;
using test::UserClient;

namespace {

// Said by an agent of version 1.
proto::FromAgent recorded(const std::string& name) {
  const std::string path = std::string(USINE_CONVERSATIONS) + "/1/" + name + ".bin";
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  proto::FromAgent message;
  REQUIRE_MESSAGE(!bytes.empty(), path);
  REQUIRE(message.ParseFromString(bytes));
  return message;
}

proto::FromAgent hello_of(std::uint32_t protocol) {
  auto shape = discovery::load_machine(test::kMachine);
  REQUIRE(shape.has_value());
  proto::FromAgent message = to_proto(
      Hello{"node002", "boot", {}, std::make_shared<const NodeShape>(*std::move(shape)), {}});
  message.mutable_hello()->set_protocol(protocol);
  return message;
}

}  // namespace

TEST_CASE("What an agent of the version before said passes a job from submission into history") {
  static_assert(kProtocolVersionOldest == 1, "record a conversation of the version that is oldest");
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.say(recorded("hello"));
  CHECK(agent.expect<Welcome>().keep.empty());
  CHECK(user.list_nodes()->nodes(0).state() == "up");
  CHECK(user.list_nodes()->nodes(0).gpus() == 8);
  const std::uint64_t job = user.submit_ok(small_job());
  const Prepare prepare = agent.expect<Prepare>();
  // The first of a new cluster, as it was then.
  REQUIRE(prepare.key == AttemptKey{JobId{1}, AttemptNumber{1}});
  agent.say(recorded("prepared"));
  CHECK(agent.expect<Start>().peers.size() == 1);
  agent.say(recorded("ended"));
  CHECK(agent.expect<Forget>().key == prepare.key);
  const auto ended = user.wait_while(job, {"pending", "preparing", "running", "stopping"});
  REQUIRE(ended);
  CHECK(ended->summary().state() == "failed");
  const auto history = user.list_history(job);
  REQUIRE(history);
  REQUIRE(history->entries_size() == 1);
  CHECK(history->entries(0).exit().exit_code() == 3);
}

TEST_CASE("An agent of the version before is served and one newer than the scheduler is not") {
  const InProcessScheduler scheduler;
  FakeAgent before(scheduler.address(), scheduler.secret());
  before.say(hello_of(0));
  CHECK(before.expect<Welcome>().epoch.value > 0);
  FakeAgent newer(scheduler.address(), scheduler.secret());
  newer.say(hello_of(kProtocolVersion + 1));
  const Error refused = newer.last_word();
  CHECK(refused.message ==
        "the agent of 'node002' speaks version 3 of the protocol, and this scheduler versions 1 to "
        "2: upgrade the scheduler before its agents");
}

TEST_CASE("An agent older than the version before is told to upgrade its package") {
  proto::Hello hello;
  hello.set_node_name("node002");
  hello.set_protocol(4);
  const Status refused = check_protocol(hello, {.oldest = 5, .newest = 6});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kRefused);
  CHECK(refused.error().message ==
        "the agent of 'node002' speaks version 4 of the protocol, and this scheduler versions 5 to "
        "6: upgrade the package usine-agent on that node");
}
