#include "scheduler/policy/limit_room.h"

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

// What the owner may do, as the daemon asks for it.
SetJobLimit raise(const CoreDriver& core, JobId id, Seconds limit, const Planner& planner) {
  const Job& job = *core.state.find_job(id);
  return {CoreDriver::user("ada"), id, limit,
          room_until(planner.promises(), job, *core.state.config)};
}

TEST_CASE("[B46] a limit is raised by its owner only where no promised start is delayed") {
  CoreDriver core;  // 4 nodes of 8 GPUs
  core.join_all();
  const JobId first = core.submit(Ask{.nodes = 2, .gpus = 8, .time_limit = Seconds{3600}});
  core.plan();
  core.prepare_all(first);
  const JobId second = core.submit(Ask{.nodes = 1, .gpus = 8, .time_limit = Seconds{7200}});
  core.plan();
  core.prepare_all(second);
  Planner planner(core.state);
  (void)planner.plan(core.now);
  core.must(raise(core, first, Seconds{5400}, planner));
  core.must(raise(core, first, Seconds{3600}, planner));

  // It is promised the nodes of the first job, from its end on.
  core.submit(Ask{.nodes = 3, .gpus = 8});
  Planner promised(core.state);
  (void)promised.plan(core.now);
  REQUIRE(promised.promises().size() == 1);
  const Time at = promised.promises()[0].at;
  CHECK(at < core.now + Seconds{7200});
  const Error error = core.refused(raise(core, first, Seconds{5400}, promised));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.find("are promised to a waiting job from " + format_time(at)) !=
        std::string::npos);
  SetJobLimit by_operator = raise(core, first, Seconds{5400}, promised);
  by_operator.caller = CoreDriver::user("operator");
  core.must(by_operator);
  // Nobody counts on the nodes of the other one before its end and for as long as it likes after.
  CHECK(core.run(raise(core, second, Seconds{7000}, promised)).has_value());
}

}  // namespace
}  // namespace usine
