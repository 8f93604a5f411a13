#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

SetJobLimit limit_of(JobId job, Seconds limit, const std::string& user = "ada",
                     std::optional<Time> room_until = std::nullopt) {
  return {CoreDriver::user(user), job, limit, room_until};
}

// A job of one hour that has started.
JobId running(CoreDriver& core) {
  core.join_all();
  const JobId job = core.submit(Ask{});
  core.plan();
  core.prepared(job, 0);
  REQUIRE(core.state_of(job) == JobState::kRunning);
  return job;
}

Time start_of(const CoreDriver& core, JobId job) { return *core.state.find_job(job)->started; }

TEST_CASE("[B46] a running job's limit is raised where its nodes are promised to nobody") {
  CoreDriver core;
  const JobId job = running(core);
  core.must(limit_of(job, Seconds{7200}));
  CHECK(core.state.find_job(job)->limit() == Seconds{7200});
  CHECK(next_deadline(core.state) == start_of(core, job) + Seconds{7200});
  core.now = start_of(core, job) + Seconds{3601};
  core.must(Tick{});
  CHECK(core.state_of(job) == JobState::kRunning);
}

TEST_CASE("[B46] an owner raises it no further than to the next promised start") {
  CoreDriver core;
  const JobId job = running(core);
  const Time promised = start_of(core, job) + Seconds{5400} + core.state.config->timings.kill_wait;
  const Error error = core.refused(limit_of(job, Seconds{7200}, "ada", promised));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.find("the limit can be 01:30:00 at most") != std::string::npos);
  CHECK(core.state.find_job(job)->limit() == Seconds{3600});
  core.must(limit_of(job, Seconds{5400}, "ada", promised));
  core.must(limit_of(job, Seconds{9000}, "operator", promised));
  CHECK(core.state.find_job(job)->limit() == Seconds{9000});
}

TEST_CASE("[B46] lowering a limit needs no room and ends the job by the new one") {
  CoreDriver core;
  const JobId job = running(core);
  core.must(limit_of(job, Seconds{600}, "ada", start_of(core, job)));
  core.now = start_of(core, job) + Seconds{601};
  CHECK(core.refused(limit_of(job, Seconds{300})).message.find("has run longer") !=
        std::string::npos);
  core.must(Tick{});
  CHECK(core.state_of(job) == JobState::kStopping);
  CHECK(core.refused(limit_of(job, Seconds{7200})).code == ErrorCode::kConflict);
}

TEST_CASE(
    "[B46] only the owner and operators change a limit and only operators pass the "
    "partition's") {
  CoreDriver core;
  const JobId job = running(core);
  CHECK(core.refused(limit_of(job, Seconds{7200}, "bob")).code == ErrorCode::kPermission);
  CHECK(core.refused(limit_of(job, Seconds{200'000})).message.find("partition 'main' allows") !=
        std::string::npos);
  core.must(limit_of(job, Seconds{200'000}, "operator"));
  CHECK(core.refused(limit_of(JobId{99}, Seconds{60})).code == ErrorCode::kNotFound);
}

TEST_CASE("[B46] a waiting job's limit is what its next start has") {
  CoreDriver core;
  const JobId job = core.submit(Ask{});
  core.must(limit_of(job, Seconds{60}));
  core.join_all();
  core.plan();
  core.prepared(job, 0);
  CHECK(next_deadline(core.state) == start_of(core, job) + Seconds{60});
}

}  // namespace
}  // namespace usine
