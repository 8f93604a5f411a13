#include "scheduler/daemon/stall_alarm.h"

#include <filesystem>
#include <memory>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "common/os/system_clock.h"
#include "scheduler/core/decide.h"
#include "tests/support/cluster_builder.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using namespace usine;
using daemon::Reader;
using daemon::StallAlarm;
using test::TempFolder;

namespace {

void must(State& state, const Command& command) {
  const Decision decision = decide(state, command, Time{});
  REQUIRE(decision.reply.has_value());
  advance(state, Sequence{state.sequence.value + 1}, Time{});
}

// One idle node and one job that could run there, which no planner looks at.
State stalled_state() {
  State state;
  must(state, Configure{"uuid-1", std::make_shared<ClusterConfig>(test::cluster_of(1))});
  must(state, StartEpoch{Epoch{1}});
  must(state, AgentHello{{"node001", "boot-1", "", nullptr, {}}});
  must(state, SubmitJob{{"ada", 1000, 1000, false},
                        std::make_shared<const JobRequest>(test::request_for({})),
                        false,
                        {}});
  return state;
}

}  // namespace

TEST_CASE("[B96] a stall leaves a count and a snapshot from which the state can be read") {
  const TempFolder folder;
  os::MonotoneWallClock clock(Time{});
  const State state = stalled_state();
  Reader reader(state, "digest", clock);
  StallAlarm alarm({folder / "alarms", Millis{1}, std::chrono::milliseconds(1)}, reader);
  reader.start();
  alarm.start();
  const auto path = folder / "alarms" / "stall-1-4.snapshot";
  REQUIRE(test::wait_until([&] { return alarm.raised() > 0; }));
  alarm.stop();
  reader.stop();
  CHECK(alarm.raised() == 1);
  const auto bytes = os::read_file(path);
  REQUIRE(bytes);
  const auto read = decode_snapshot(*bytes);
  REQUIRE(read);
  CHECK(digest(*read) == digest(state));
}
