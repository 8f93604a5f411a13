// What a user is told of a job that waits, and what becomes of a new time limit, over RPC.
#include <doctest/doctest.h>

#include "tests/daemon/schedulers.h"
#include "tests/support/wait.h"

using namespace usine;
using test::FakeAgent;
using test::InProcessScheduler;
using test::small_job;
using test::UserClient;

namespace {

proto::SubmitRequest whole_node(std::int64_t seconds) {
  proto::SubmitRequest request = small_job();
  request.mutable_request()->mutable_components(0)->set_exclusive(true);
  request.mutable_request()->set_time_limit_s(seconds);
  return request;
}

}  // namespace

TEST_CASE("A waiting job is explained with its rules holders place estimate and tried changes") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  (void)agent.join("node001", test::kMachine);
  const std::uint64_t running = user.submit_ok(whole_node(3600));
  (void)agent.agree_to_prepare();
  const std::uint64_t waiting = user.submit_ok(whole_node(3600));
  const bool considered = test::wait_until([&] {
    const auto told = user.explain(waiting);
    return told && told->rules(0).reason().kind() == "nodes_busy";
  });
  REQUIRE(considered);
  const auto told = user.explain(waiting);
  REQUIRE(told);
  REQUIRE(told->rules(0).holders_size() == 1);
  CHECK(told->rules(0).holders(0).job() == running);
  CHECK(told->components(0).asked() == 1);
  CHECK(told->components(0).free() == 0);
  CHECK(told->ahead() == 0);
  CHECK(told->waiting() == 1);
  CHECK(told->tried());
  CHECK(told->summary().has_estimated_start_ms());
  const auto none = user.explain(99);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == ErrorCode::kNotFound);
  const auto runs = user.explain(running);
  REQUIRE(runs);
  CHECK(runs->rules().empty());
}

TEST_CASE("[B46] A new time limit is decided by way of the planner and shown at once") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  (void)agent.join("node001", test::kMachine);
  const std::uint64_t job = user.submit_ok(whole_node(3600));
  const Prepare prepare = agent.agree_to_prepare();
  const auto changed = user.set_limit(job, 7200);
  REQUIRE(changed);
  CHECK(changed->refusals().empty());
  CHECK(user.get_job(job)->summary().time_limit_s() == 7200);
  const auto refused = user.set_limit(77, 60);
  REQUIRE(refused);
  REQUIRE(refused->refusals_size() == 1);
  CHECK(refused->refusals(0).error() == "not_found");
  // Planning goes on afterwards.
  const std::uint64_t next = user.submit_ok(small_job());
  CHECK(test::wait_until([&] {
    const auto detail = user.get_job(next);
    return detail && detail->summary().reasons_size() == 1 &&
           detail->summary().reasons(0).kind() != "not_yet_considered";
  }));
}
