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

TEST_CASE(
    "Every job that can start comes to have an estimate with a range and a held one has none") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  FakeAgent agent(scheduler.address(), scheduler.secret());
  (void)agent.join("node001", test::kMachine);
  (void)user.submit_ok(whole_node(3600));
  (void)agent.agree_to_prepare();
  std::vector<std::uint64_t> waiting;
  for (int i = 0; i < 150; ++i) waiting.push_back(user.submit_ok(whole_node(3600)));
  proto::SubmitRequest to_hold = whole_node(3600);
  to_hold.mutable_request()->set_hold(true);
  const std::uint64_t held = user.submit_ok(to_hold);
  const bool estimated = test::wait_until([&] {
    const auto last = user.get_job(waiting.back());
    return last && last->summary().has_estimated_latest_ms();
  });
  REQUIRE(estimated);
  for (const std::uint64_t job : waiting) {
    const auto told = user.get_job(job);
    REQUIRE(told);
    const proto::JobSummary& summary = told->summary();
    REQUIRE(summary.has_estimated_start_ms());
    REQUIRE(summary.has_estimated_earliest_ms());
    CHECK(summary.estimated_earliest_ms() <= summary.estimated_start_ms());
    CHECK(summary.estimated_start_ms() <= summary.estimated_latest_ms());
  }
  const auto none = user.get_job(held);
  REQUIRE(none);
  CHECK_FALSE(none->summary().has_estimated_start_ms());
  CHECK(none->summary().reasons(0).kind() == "held");
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

TEST_CASE("An update of several things is refused as a whole by the name of one that may not be") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  const std::uint64_t first = user.submit_ok(whole_node(3600));
  const std::uint64_t job = user.submit_ok(whole_node(3600));
  proto::UpdateJobsRequest request;
  request.add_jobs(job);
  request.set_time_limit_s(1800);
  request.set_array_limit(2);  // it is no array
  proto::Dependency& after = *request.mutable_dependencies()->add_items();
  after.set_kind("afterany");
  after.set_job(first);
  const auto refused = user.update(request);
  REQUIRE(refused);
  REQUIRE(refused->refusals_size() == 1);
  CHECK(refused->refusals(0).message().starts_with("--array-limit: "));
  const auto detail = user.get_job(job);
  REQUIRE(detail);
  CHECK(detail->summary().time_limit_s() == 3600);
  CHECK(detail->request().dependencies().items().empty());
  request.clear_array_limit();
  const auto taken = user.update(request);
  REQUIRE(taken);
  CHECK(taken->refusals().empty());
  CHECK(user.get_job(job)->summary().time_limit_s() == 1800);
}
