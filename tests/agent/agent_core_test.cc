#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/agent/core_driver.h"

using namespace usine;
using namespace usine::agent;
using namespace usine::test;

namespace {

using Keys = std::vector<AttemptKey>;

Prepare prepare_of(std::uint32_t uid, const std::string& user) {
  Prepare message = prepare(key(1));
  JobRequest request = *message.request;
  request.uid = uid;
  request.user = user;
  message.request = std::make_shared<const JobRequest>(std::move(request));
  return message;
}

ShepherdReady ready(AttemptKey attempt) { return {attempt, true, false, {}, "here:1"}; }

}  // namespace

TEST_CASE("Hello names every attempt that the node still has") {
  CoreDriver node({{key(1), "here:1", {}}, {key(2), {}, exited(key(2))}, {key(3), {}, {}}});
  node.feed(Connected{});
  const auto hellos = node.sent<Hello>();
  REQUIRE(hellos.size() == 1);
  CHECK(hellos[0].node_name == "node001");
  CHECK(hellos[0].boot_id == "boot-1");
  CHECK(hellos[0].cluster_uuid.empty());
  CHECK(hellos[0].attempts == Keys{key(1), key(2), key(3)});
}

TEST_CASE("the first Welcome decides which cluster the node belongs to") {
  CoreDriver node;
  node.join();
  const auto remembered = node.only<RememberCluster>();
  REQUIRE(remembered);
  CHECK(remembered->cluster_uuid == "cluster-a");
  CHECK(remembered->epoch == Epoch{1});
  CHECK(node.core().cluster_uuid() == "cluster-a");
}

TEST_CASE("a scheduler of another cluster is refused and not obeyed") {
  CoreDriver node({}, "cluster-b");
  node.feed(Connected{});
  node.hear(welcome());
  const auto left = node.only<LeaveScheduler>();
  REQUIRE(left);
  CHECK(left->reason.find("cluster-b") != std::string::npos);
  CHECK(left->reason.find("cluster-a") != std::string::npos);
  node.hear(prepare(key(1)));
  CHECK(node.quiet());
  CHECK_FALSE(node.core().next_tick());
}

TEST_CASE(
    "a scheduler that a newer one has replaced is refused also after a restart of the agent") {
  CoreDriver node({}, "cluster-a", 5);
  node.feed(Connected{});
  node.hear(welcome({}, 4));
  CHECK(node.only<LeaveScheduler>());
  node.feed(Connected{});
  node.hear(welcome({}, 6));
  CHECK_FALSE(node.only<LeaveScheduler>());
  CHECK(node.only<RememberCluster>()->epoch == Epoch{6});
}

TEST_CASE("an agent that is not root starts jobs of its own user and refuses others by name") {
  CoreDriver node(OwnUser{1000, "ada"});
  node.join();
  node.hear(prepare_of(1000, "ada"));
  CHECK(node.only<SpawnShepherd>());
  CoreDriver other(OwnUser{1000, "ada"});
  other.join();
  other.hear(prepare_of(1001, "bob"));
  CHECK(other.count<SpawnShepherd>() == 0);
  const auto refused = other.sent<Prepared>();
  REQUIRE(refused.size() == 1);
  CHECK_FALSE(refused[0].ok);
  CHECK_FALSE(refused[0].node_fault);
  CHECK(refused[0].message.find("user ada and not as root") != std::string::npos);
  CHECK(refused[0].message.find("bob") != std::string::npos);
  other.hear(Forget{key(1), Epoch{1}});
  CHECK(other.only<RemoveAttempt>());
}

TEST_CASE("commands of an older epoch do nothing") {
  CoreDriver node;
  node.feed(Connected{});
  node.hear(welcome({}, 3));
  node.hear(prepare(key(1), 2));
  CHECK(node.quiet());
  node.hear(Stop{key(1), Epoch{2}, Millis{0}});
  CHECK(node.quiet());
  CHECK(node.core().attempts() == 0);
}

TEST_CASE("an attempt is prepared and started and its end is reported until it is forgotten") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  REQUIRE(node.only<SpawnShepherd>());
  CHECK(node.only<SpawnShepherd>()->prepare->key == key(1));
  CHECK(node.sent<Prepared>().empty());

  node.feed(ready(key(1)));
  REQUIRE(node.sent<Prepared>().size() == 1);
  CHECK(node.sent<Prepared>()[0].ok);
  CHECK(node.sent<Prepared>()[0].address == "here:1");

  node.hear(Start{key(1), Epoch{1}, {"here:1", "there:2"}});
  REQUIRE(node.only<StartShepherd>());
  CHECK(node.only<StartShepherd>()->peers == std::vector<std::string>{"here:1", "there:2"});

  node.feed(ShepherdEnded{exited(key(1), 3)});
  CHECK(node.sent<Ended>() == std::vector<Ended>{exited(key(1), 3)});
  CHECK(node.count<RemoveAttempt>() == 0);

  node.pass(kEndedAgain);
  CHECK(node.sent<Ended>() == std::vector<Ended>{exited(key(1), 3)});

  node.hear(Forget{key(1), Epoch{1}});
  CHECK(node.only<RemoveAttempt>()->key == key(1));
  node.pass(kEndedAgain);
  CHECK(node.sent<Ended>().empty());
  CHECK(node.core().attempts() == 0);
}

TEST_CASE("Prepare that comes twice spawns once and is answered again") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  node.hear(prepare(key(1)));
  CHECK(node.quiet());
  node.feed(ready(key(1)));
  node.hear(prepare(key(1)));
  CHECK(node.count<SpawnShepherd>() == 0);
  CHECK(node.sent<Prepared>().size() == 1);
  node.feed(ShepherdEnded{exited(key(1))});
  node.hear(prepare(key(1)));
  CHECK(node.count<SpawnShepherd>() == 0);
  CHECK(node.sent<Ended>().size() == 1);
}

TEST_CASE("Start that comes twice starts once") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  CHECK(node.count<StartShepherd>() == 1);
  node.hear(Start{key(1), Epoch{1}, {"here:1"}});
  CHECK(node.quiet());
}

TEST_CASE("Start of an attempt that is gone is answered with its loss") {
  CoreDriver node;
  node.join();
  node.hear(Start{key(1), Epoch{1}, {"here:1"}});
  REQUIRE(node.sent<Ended>().size() == 1);
  CHECK(node.sent<Ended>()[0].exit.cause == EndCause::kLost);
}

TEST_CASE("[B45] a shepherd that could not be started blames the node until that is heard") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  node.feed(ShepherdReady{key(1), false, true, "No space left on device", {}});
  REQUIRE(node.sent<Prepared>().size() == 1);
  CHECK_FALSE(node.sent<Prepared>()[0].ok);
  CHECK(node.sent<Prepared>()[0].node_fault);
  CHECK(node.sent<Prepared>()[0].message == "No space left on device");
  node.hear(prepare(key(1)));  // sent before that was heard
  CHECK(node.count<SpawnShepherd>() == 0);
  CHECK(node.sent<Prepared>().size() == 1);
  node.pass(kEndedAgain);
  CHECK(node.sent<Prepared>().size() == 1);
  node.hear(Forget{key(1), Epoch{1}});
  CHECK(node.count<RemoveAttempt>() == 1);
  CHECK(node.core().attempts() == 0);
}

TEST_CASE("Stop is passed on once and again only where it is sharper") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  node.hear(Stop{key(1), Epoch{1}, Millis{5'000}});
  CHECK(node.only<StopShepherd>()->grace == Millis{5'000});
  node.hear(Stop{key(1), Epoch{1}, Millis{5'000}});
  CHECK(node.quiet());
  node.hear(Stop{key(1), Epoch{1}, Millis{0}});
  CHECK(node.only<StopShepherd>()->grace == Millis{0});
}

TEST_CASE("Start that comes after Stop starts nothing") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  node.feed(ready(key(1)));
  node.hear(Stop{key(1), Epoch{1}, Millis{0}});
  node.hear(Start{key(1), Epoch{1}, {"here:1"}});
  CHECK(node.quiet());
}

TEST_CASE("Stop of an attempt that the node does not have is answered with its end") {
  CoreDriver node;
  node.join();
  node.hear(Stop{key(9), Epoch{1}, Millis{0}});
  REQUIRE(node.sent<Ended>().size() == 1);
  CHECK(node.sent<Ended>()[0].key == key(9));
  CHECK(node.sent<Ended>()[0].exit.cause == EndCause::kStopped);
}

TEST_CASE("Stop while a shepherd gets ready stops it as soon as it is") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  node.hear(Stop{key(1), Epoch{1}, Millis{0}});
  CHECK(node.quiet());
  SUBCASE("it gets ready") {
    node.feed(ready(key(1)));
    CHECK(node.only<StopShepherd>()->grace == Millis{0});
    CHECK(node.sent<Prepared>().empty());
  }
  SUBCASE("it fails") {
    node.feed(ShepherdReady{key(1), false, true, "broken", {}});
    REQUIRE(node.sent<Ended>().size() == 1);
    CHECK(node.sent<Ended>()[0].exit.cause == EndCause::kStopped);
  }
}

TEST_CASE("[B93] what the scheduler does not keep is ended before the node joins") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  node.run(key(2));
  node.feed(Disconnected{});
  node.feed(Connected{});
  node.hear(welcome({key(2)}));
  REQUIRE(node.only<StopShepherd>());
  CHECK(node.only<StopShepherd>()->key == key(1));
  CHECK(node.only<StopShepherd>()->grace == Millis{0});
  CHECK(node.sent<Hello>().empty());

  node.hear(prepare(key(3)));
  CHECK(node.count<SpawnShepherd>() == 0);

  node.feed(ShepherdEnded{exited(key(1))});
  CHECK(node.sent<Ended>().empty());
  CHECK(node.only<RemoveAttempt>()->key == key(1));
  REQUIRE(node.sent<Hello>().size() == 1);
  CHECK(node.sent<Hello>()[0].attempts == Keys{key(2), key(3)});
  CHECK(node.only<SpawnShepherd>()->prepare->key == key(3));
}

TEST_CASE("an orphan that has ended already is forgotten and the node asks again at once") {
  CoreDriver node({{key(1), {}, exited(key(1))}});
  node.join();
  CHECK(node.only<RemoveAttempt>()->key == key(1));
  REQUIRE(node.sent<Hello>().size() == 1);
  CHECK(node.sent<Hello>()[0].attempts.empty());
}

TEST_CASE("an orphan that is still getting ready is stopped as soon as it is ready") {
  CoreDriver node({{key(1), {}, {}}});
  node.join();
  CHECK(node.count<StopShepherd>() == 0);
  node.feed(ready(key(1)));
  CHECK(node.only<StopShepherd>()->grace == Millis{0});
  CHECK(node.sent<Prepared>().empty());
}

TEST_CASE("an attempt that came after the Hello is no orphan") {
  CoreDriver node({{key(1), {}, exited(key(1))}});
  node.join();  // the Hello after the orphan's end is on its way
  node.hear(prepare(key(2)));
  node.feed(ready(key(2)));
  node.hear(welcome());
  CHECK(node.count<StopShepherd>() == 0);
  CHECK(node.count<RemoveAttempt>() == 0);
  CHECK(node.core().attempts() == 1);
}

TEST_CASE("Stop of an attempt that waits for orphans ends it without a shepherd") {
  CoreDriver node({{key(1), "here:1", {}}});
  node.join();
  node.hear(prepare(key(2)));
  node.hear(Stop{key(2), Epoch{1}, Millis{0}});
  REQUIRE(node.sent<Ended>().size() == 1);
  node.feed(ShepherdEnded{exited(key(1))});
  CHECK(node.count<SpawnShepherd>() == 0);
}

TEST_CASE("[B94] an end while the scheduler is away is reported once it is back") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  node.feed(Disconnected{});
  node.feed(ShepherdEnded{exited(key(1))});
  CHECK(node.quiet());
  CHECK_FALSE(node.core().next_tick());
  node.feed(Connected{});
  node.hear(welcome({key(1)}, 2));
  CHECK(node.sent<Ended>() == std::vector<Ended>{exited(key(1))});
}

TEST_CASE("readiness while the scheduler is away is told once it is back") {
  CoreDriver node;
  node.join();
  node.hear(prepare(key(1)));
  node.feed(Disconnected{});
  node.feed(ready(key(1)));
  CHECK(node.quiet());
  node.feed(Connected{});
  node.hear(welcome({key(1)}));
  REQUIRE(node.sent<Prepared>().size() == 1);
  CHECK(node.sent<Prepared>()[0].address == "here:1");
}

TEST_CASE("[B41] reports of two attempts of one job are told apart") {
  CoreDriver node;
  node.join();
  node.run(key(7, 1));
  node.hear(prepare(key(7, 2)));
  node.feed(ready(key(7, 2)));
  node.feed(ShepherdEnded{exited(key(7, 1))});
  CHECK(node.sent<Ended>() == std::vector<Ended>{exited(key(7, 1))});
  node.hear(Start{key(7, 2), Epoch{1}, {"here:1"}});
  CHECK(node.only<StartShepherd>()->key == key(7, 2));
}

TEST_CASE("heartbeats come at the interval that the Welcome names") {
  CoreDriver node;
  CHECK_FALSE(node.core().next_tick());
  node.join();
  CHECK(node.core().next_tick() == node.now() + Millis{10'000});
  node.pass(Millis{9'999});
  CHECK(node.quiet());
  node.pass(Millis{1});
  CHECK(node.sent<Heartbeat>().size() == 1);
  CHECK(node.core().next_tick() == node.now() + Millis{10'000});
  node.feed(Disconnected{});
  node.pass(Millis{10'000});
  CHECK(node.quiet());
}

TEST_CASE("Forget of an attempt that runs changes nothing") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  node.hear(Forget{key(1), Epoch{1}});
  CHECK(node.quiet());
  CHECK(node.core().attempts() == 1);
}

TEST_CASE("a second end of an attempt changes nothing") {
  CoreDriver node;
  node.join();
  node.run(key(1));
  node.feed(ShepherdEnded{exited(key(1), 1)});
  node.feed(ShepherdEnded{exited(key(1), 2)});
  CHECK(node.quiet());
}
