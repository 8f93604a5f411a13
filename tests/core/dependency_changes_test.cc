// What becomes of those that wait when dependencies are changed or others are put back (B19 to
// B21).
#include <string>

#include <doctest/doctest.h>

#include "tests/core/depending.h"

using namespace usine;
using namespace usine::test;

namespace {

TEST_CASE("[B19] a change that would close a cycle is refused and both jobs stay as they were") {
  Ready core;
  const JobId first = core.submit(depending("singleton"));
  JobRequest request = depending("afterok:" + id_text(first));
  request.name = "eval";
  const JobId second = core.submit(request);
  const std::string before = digest(core.state);
  const Error error = core.refused(change(first, "afterany:" + id_text(second)));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.find("job 1, which waits for job 2, which waits for job 1") !=
        std::string::npos);
  CHECK(digest(core.state) == before);
  CHECK(core.refused(change(first, "after:" + id_text(first))).code == ErrorCode::kRefused);
  CHECK(digest(core.state) == before);
}

TEST_CASE("[B19] a change without a cycle holds from then on and an empty one frees the job") {
  Ready core;
  const JobId parent = core.running(Ask{});
  JobRequest held = request_for({});
  held.hold = true;
  const JobId other = core.submit(held);
  const JobId job = core.submit(depending("afterok:" + id_text(other)));
  core.must(change(job, "afterok:" + id_text(parent)));
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = other});
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.must(change(job, ""));
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
  CHECK(core.refused(change(job, "afterok:" + id_text(parent))).code == ErrorCode::kConflict);
  CHECK(core.refused(change(parent, "", "bob")).code == ErrorCode::kPermission);
}

TEST_CASE("[B20] a requeue of the parent blocks dependents again that have not started") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId prepares = core.submit(depending("after:" + id_text(parent)));
  core.plan();
  REQUIRE(core.state_of(prepares) == JobState::kPreparing);
  JobRequest held = depending("after:" + id_text(parent));
  held.hold = true;
  const JobId waits = core.submit(held);
  const JobId runs = core.submit(depending("after:" + id_text(parent)));
  core.plan();
  core.prepare_all(runs);
  REQUIRE(phase_of(core, waits) == DependencyPhase::kMet);
  core.must(
      ActOnJob{.caller = CoreDriver::user("ada"), .job = parent, .action = JobAction::kRequeue});
  core.ended(parent, 0, {EndCause::kStopped, 0, 15, ""});
  CHECK(phase_of(core, waits) == DependencyPhase::kWaiting);
  CHECK(core.state_of(runs) == JobState::kRunning);
  CHECK(core.state_of(prepares) == JobState::kStopping);
  core.end_all(prepares, {EndCause::kStopped, 0, 0, ""});
  CHECK(core.state_of(prepares) == JobState::kPending);
  CHECK(core.job(prepares).requeues == 0);
  core.plan();
  CHECK(core.state_of(prepares) == JobState::kPending);
  core.prepare_all(parent);
  core.plan();
  CHECK(core.state_of(prepares) == JobState::kPreparing);
}

TEST_CASE(
    "[B20] a dependent that is put back itself waits for a parent that was put back meanwhile") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("after:" + id_text(parent) + "+10"));
  core.now += Seconds{600};
  core.plan();
  core.prepare_all(job);
  REQUIRE(core.state_of(job) == JobState::kRunning);
  for (const JobId back : {parent, job}) {
    core.must(
        ActOnJob{.caller = CoreDriver::user("ada"), .job = back, .action = JobAction::kRequeue});
    core.ended(back, 0, {EndCause::kStopped, 0, 15, ""});
  }
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.plan();
  CHECK(core.state_of(parent) == JobState::kPreparing);
  CHECK(core.state_of(job) == JobState::kPending);
}

TEST_CASE("[B21] time that a job is blocked on a dependency does not count as waiting") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("afterok:" + id_text(parent)));
  CHECK_FALSE(core.job(job).eligible_since);
  core.pass(Millis{600'000});
  core.end_all(parent);
  CHECK(core.job(job).eligible_since == core.now);
  core.pass(Millis{30'000});
  core.must(change(job, "after:" + id_text(parent)));
  CHECK(core.job(job).eligible_since == core.now - Millis{30'000});
}

TEST_CASE("[B21] what a job had waited before it was blocked is not lost") {
  Ready core;
  const JobId parent = core.running(Ask{});
  JobRequest wide = request_for({.nodes = 4, .cores = 16});
  const JobId job = core.submit(wide);
  core.pass(Millis{30'000});
  core.must(change(job, "afterok:" + id_text(parent)));
  CHECK_FALSE(core.job(job).eligible_since);
  core.pass(Millis{600'000});
  core.must(change(job, ""));
  CHECK(core.job(job).eligible_since == core.now - Millis{30'000});
}

TEST_CASE("[B21] a begin time or minutes after another start count from when they come") {
  Ready core;
  JobRequest later = request_for({});
  later.begin = core.now + Seconds{3600};
  const JobId begins = core.submit(later);
  CHECK(core.job(begins).eligible_since == core.now + Seconds{3600});
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("after:" + id_text(parent) + "+10"));
  CHECK(core.job(job).eligible_since == core.now + Seconds{600});
}

}  // namespace
