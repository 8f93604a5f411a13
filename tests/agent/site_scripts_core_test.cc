// When the agent's core has the site's prolog and epilog run, and what it says meanwhile.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/agent/core_driver.h"

using namespace usine;
using namespace usine::agent;
using namespace usine::test;

namespace {

const SiteScripts kBoth{Millis{60'000}, true};

ShepherdReady ready(AttemptKey attempt) { return {attempt, true, false, {}, "here:1"}; }

ScriptEnded ended(AttemptKey attempt, SiteScript which, std::string failure = {}) {
  return {attempt, which, std::move(failure)};
}

// Through its prolog and started.
void run_with_prolog(CoreDriver& node, AttemptKey attempt) {
  node.hear(prepare(attempt));
  node.feed(ended(attempt, SiteScript::kProlog));
  node.feed(ready(attempt));
  node.hear(Start{attempt, Epoch{1}, {"here:1"}});
}

}  // namespace

TEST_CASE("[B45] the prolog runs before the shepherd and the node agrees after both") {
  CoreDriver node(kBoth);
  node.feed(Connected{});
  CHECK(node.sent<Hello>().at(0).prolog_limit == Millis{60'000});
  node.hear(welcome());
  node.hear(prepare(key(1)));
  REQUIRE(node.only<RunScript>());
  CHECK(node.only<RunScript>()->which == SiteScript::kProlog);
  CHECK(node.only<RunScript>()->prepare->key == key(1));
  CHECK(node.count<SpawnShepherd>() == 0);
  node.hear(prepare(key(1)));  // sent again: not run again
  CHECK(node.quiet());
  node.feed(ended(key(1), SiteScript::kProlog));
  REQUIRE(node.only<SpawnShepherd>());
  CHECK(node.only<SpawnShepherd>()->key == key(1));
  CHECK(node.sent<Prepared>().empty());
  node.feed(ready(key(1)));
  CHECK(node.sent<Prepared>().at(0).ok);
}

TEST_CASE("[B45] a failed prolog is told at once and the last word follows its epilog") {
  CoreDriver node(kBoth);
  node.join();
  node.hear(prepare(key(1)));
  node.feed(ended(key(1), SiteScript::kProlog, "prolog exited with 3"));
  REQUIRE(node.sent<Prepared>().size() == 1);
  const Prepared first = node.sent<Prepared>()[0];
  CHECK_FALSE(first.ok);
  CHECK(first.node_fault);
  CHECK(first.prolog_failed);
  CHECK(first.message == "prolog exited with 3");
  CHECK(first.epilog.runs);
  REQUIRE(node.only<RunScript>());
  CHECK(node.only<RunScript>()->which == SiteScript::kEpilog);
  node.hear(Forget{key(1), Epoch{1}});  // of nothing that has ended
  CHECK(node.core().attempts() == 1);
  node.feed(ended(key(1), SiteScript::kEpilog, "epilog exited with 4"));
  REQUIRE(node.sent<Prepared>().size() == 1);
  CHECK_FALSE(node.sent<Prepared>()[0].epilog.runs);
  CHECK(node.sent<Prepared>()[0].epilog.failure == "epilog exited with 4");
  node.hear(Forget{key(1), Epoch{1}});
  CHECK(node.only<RemoveAttempt>());
}

TEST_CASE("[B45] the end of a job is told before and again after its epilog") {
  CoreDriver node(kBoth);
  node.join();
  run_with_prolog(node, key(1));
  node.feed(ShepherdEnded{exited(key(1), 5)});
  REQUIRE(node.sent<Ended>().size() == 1);
  CHECK(node.sent<Ended>()[0].epilog.runs);
  CHECK(node.sent<Ended>()[0].exit.exit_code == 5);
  REQUIRE(node.only<RunScript>());
  node.hear(Stop{key(1), Epoch{1}, Millis{0}});  // answered with the same word, and not obeyed
  CHECK(node.sent<Ended>().at(0).epilog.runs);
  CHECK(node.count<StopShepherd>() == 0);
  node.feed(Disconnected{});
  node.join({key(1)});
  CHECK(node.sent<Ended>().at(0).epilog.runs);
  node.feed(ended(key(1), SiteScript::kEpilog));
  REQUIRE(node.sent<Ended>().size() == 1);
  CHECK_FALSE(node.sent<Ended>()[0].epilog.runs);
  CHECK(node.sent<Ended>()[0].epilog.failure.empty());
}

TEST_CASE("[B45] a prolog that a stop comes into runs to its end and its epilog follows") {
  CoreDriver node(kBoth);
  node.join();
  node.hear(prepare(key(1)));
  node.hear(Stop{key(1), Epoch{1}, Millis{0}});
  CHECK(node.quiet());
  node.feed(ended(key(1), SiteScript::kProlog));
  CHECK(node.count<SpawnShepherd>() == 0);
  REQUIRE(node.only<RunScript>());
  CHECK(node.only<RunScript>()->which == SiteScript::kEpilog);
  node.feed(ended(key(1), SiteScript::kEpilog));
  CHECK(node.sent<Ended>().at(0).exit.cause == EndCause::kStopped);
}

TEST_CASE("[B45] the next agent runs again what was cut off and nothing that had ended") {
  FoundAttempt in_prolog{key(1), {}, {}};
  in_prolog.script = SiteScript::kProlog;
  FoundAttempt in_epilog{key(2), {}, exited(key(2), 5)};
  in_epilog.script = SiteScript::kEpilog;
  FoundAttempt over{key(3), {}, exited(key(3))};
  over.ended->epilog.failure = "epilog exited with 4";
  CoreDriver node(kBoth, {in_prolog, in_epilog, over});
  node.take_up();
  REQUIRE(node.only<RunScript>());
  CHECK(node.only<RunScript>()->which == SiteScript::kEpilog);
  node.feed(Connected{});
  CHECK(node.sent<Hello>().at(0).attempts.size() == 3);
  node.hear(welcome({key(1), key(2), key(3)}));
  REQUIRE(node.only<RunScript>());  // the prolog: its attempt is kept
  CHECK(node.only<RunScript>()->key == key(1));
  REQUIRE(node.sent<Ended>().size() == 2);
  CHECK(node.sent<Ended>()[0].epilog.runs);
  CHECK(node.sent<Ended>()[1].epilog.failure == "epilog exited with 4");
  node.feed(ended(key(1), SiteScript::kProlog));
  CHECK(node.only<SpawnShepherd>()->prepare == nullptr);
  node.feed(ended(key(2), SiteScript::kEpilog));
  CHECK(node.sent<Ended>().at(0).exit.exit_code == 5);
}

TEST_CASE("[B93] an orphan's epilog ends before the node joins and its failure is told first") {
  CoreDriver node(kBoth);
  node.join();
  run_with_prolog(node, key(1));
  node.feed(Disconnected{});
  node.join();  // lost beyond its lease: not kept
  REQUIRE(node.only<StopShepherd>());
  node.feed(ShepherdEnded{exited(key(1))});
  REQUIRE(node.only<RunScript>());
  CHECK(node.sent<Ended>().empty());
  CHECK(node.sent<Hello>().empty());
  node.feed(ended(key(1), SiteScript::kEpilog, "epilog exited with 4"));
  REQUIRE(node.sent<Ended>().size() == 1);
  CHECK(node.sent<Ended>()[0].epilog.of_orphan);
  CHECK(node.sent<Hello>().empty());
  node.hear(Forget{key(1), Epoch{1}});
  CHECK(node.only<RemoveAttempt>());
  CHECK(node.sent<Hello>().size() == 1);
}

TEST_CASE("[B45] a prolog that was cut off is not run again for an attempt that is over") {
  FoundAttempt in_prolog{key(1), {}, {}};
  in_prolog.script = SiteScript::kProlog;
  CoreDriver node(kBoth, {in_prolog});
  node.take_up();
  CHECK(node.quiet());
  node.join();
  REQUIRE(node.only<RunScript>());
  CHECK(node.only<RunScript>()->which == SiteScript::kEpilog);
  node.feed(ended(key(1), SiteScript::kEpilog));
  CHECK(node.only<RemoveAttempt>());
  CHECK(node.sent<Hello>().size() == 1);
}
