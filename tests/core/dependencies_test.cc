// Jobs that wait for others (B11 to B14, B16, B17).
#include <string>

#include <doctest/doctest.h>

#include "tests/core/depending.h"

using namespace usine;
using namespace usine::test;

namespace {

JobId submit_after(CoreDriver& core, JobRequest request, std::vector<PastJob> past) {
  return std::get<Submitted>(core.must(submission(std::move(request), std::move(past)))).job;
}

TEST_CASE("[B11] afterok waits for the end with exit status 0 and starts then") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("afterok:" + id_text(parent)));
  const Plan blocked = core.plan();
  CHECK(core.state_of(job) == JobState::kPending);
  CHECK(blocked.reasons.at(job).kind == ReasonKind::kDependency);
  CHECK(blocked.reasons.at(job).asked == 1);
  CHECK(describe(blocked.reasons.at(job)).find("afterok:1") != std::string::npos);
  core.end_all(parent);
  CHECK(core.count_of<DependencyChanged>() == 1);
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B11] a dependency that can never be met keeps the job with that reason") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("afterok:" + id_text(parent)));
  core.end_all(parent, failure());
  CHECK(core.state_of(job) == JobState::kPending);
  const Reason reason = core.plan().reasons.at(job);
  CHECK(reason.kind == ReasonKind::kDependencyNeverSatisfied);
  CHECK(describe(reason).find("DependencyNeverSatisfied") != std::string::npos);
  CHECK(core.state_of(job) == JobState::kPending);
}

TEST_CASE(
    "[B11] where the cluster says so such a job is cancelled and with it its own dependents") {
  ClusterConfig config = test::cluster_of(4);
  config.cancel_if_never = true;
  Ready core(config);
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("afterok:" + id_text(parent)));
  const JobId next = core.submit(depending("afterok:" + id_text(job)));
  const JobId any = core.submit(depending("afterany:" + id_text(next)));
  JobRequest kept = depending("afterok:" + id_text(parent));
  kept.cancel_if_never = false;
  const JobId stays = core.submit(kept);
  core.end_all(parent, failure());
  CHECK(core.state_of(job) == JobState::kCancelled);
  CHECK(core.job(job).message.find("afterok:1 can never be met") != std::string::npos);
  CHECK(core.state_of(next) == JobState::kCancelled);
  CHECK(core.state_of(stays) == JobState::kPending);
  core.plan();
  CHECK(core.state_of(any) == JobState::kPreparing);
}

TEST_CASE("[B11] a chain of ten thousand is cancelled without recursion") {
  ClusterConfig config = test::cluster_of(1);
  config.cancel_if_never = true;
  State state;
  const Time now{Millis{1'700'000'000'000}};
  auto shared = std::make_shared<const ClusterConfig>(config);
  (void)decide(state, Configure{"uuid", shared}, now);
  constexpr std::uint64_t kLength = 10'000;
  for (std::uint64_t i = 1; i <= kLength; ++i) {
    JobRequest request = i == 1 ? request_for({}) : depending("afterok:" + std::to_string(i - 1));
    request.name = "link " + std::to_string(i);
    REQUIRE(decide(state, submission(std::move(request)), now).reply);
  }
  const Decision end = decide(
      state, ActOnJob{.caller = CoreDriver::user("ada"), .job = {1}, .action = JobAction::kCancel},
      now);
  CHECK(end.reply);
  for (const auto& [id, job] : state.jobs) REQUIRE(job.state == JobState::kCancelled);
  CHECK(state.dependents.empty());
}

TEST_CASE("[B12] afternotok starts after a failure and never after a success") {
  Ready core;
  const JobId fails = core.running(Ask{});
  const JobId works = core.running(Ask{});
  const JobId after_failure = core.submit(depending("afternotok:" + id_text(fails)));
  const JobId after_success = core.submit(depending("afternotok:" + id_text(works)));
  core.end_all(fails, failure());
  core.end_all(works);
  core.plan();
  CHECK(core.state_of(after_failure) == JobState::kPreparing);
  CHECK(phase_of(core, after_success) == DependencyPhase::kNever);
}

TEST_CASE("[B12] a time limit and a lost node count as failures and a cancellation does not") {
  Ready core;
  const JobId slow = core.running(Ask{.time_limit = Seconds{60}});
  const JobId after_slow = core.submit(depending("afternotok:" + id_text(slow)));
  const JobId cancelled = core.running(Ask{.time_limit = Seconds{600}});
  const JobId after_cancelled = core.submit(depending("afternotok:" + id_text(cancelled)));
  JobRequest once = request_for({.time_limit = Seconds{600}});
  once.requeue = false;
  const JobId lost = core.submit(once);
  core.plan();
  core.prepare_all(lost);
  const JobId after_lost = core.submit(depending("afternotok:" + id_text(lost)));
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = cancelled});
  core.end_all(cancelled);
  CHECK(phase_of(core, after_cancelled) == DependencyPhase::kNever);
  core.pass(Millis{61'000});
  core.end_all(slow);
  REQUIRE(core.state_of(slow) == JobState::kTimeout);
  CHECK(phase_of(core, after_slow) == DependencyPhase::kMet);
  core.ended(lost, 0, {EndCause::kLost, 0, 0, "gone"});
  REQUIRE(core.state_of(lost) == JobState::kNodeFail);
  CHECK(phase_of(core, after_lost) == DependencyPhase::kMet);
}

TEST_CASE("[B13] afterany starts however the other ends also cancelled while it waits") {
  Ready core;
  JobRequest held = request_for({});
  held.hold = true;
  const JobId parent = core.submit(held);
  const JobId job = core.submit(depending("afterany:" + id_text(parent)));
  CHECK(reason_of(core, job) == ReasonKind::kDependency);
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = parent});
  REQUIRE(core.state_of(parent) == JobState::kCancelled);
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B14] after with minutes opens that long after the start of the other") {
  Ready core;
  const JobId parent = core.submit(Ask{.time_limit = Seconds{7200}});
  const JobId job = core.submit(depending("after:" + id_text(parent) + "+10"));
  const JobId at_once = core.submit(depending("after:" + id_text(parent)));
  core.plan();
  core.pass(Millis{5'000});
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.prepare_all(parent);
  const Time started = core.now;
  const Plan plan = core.plan();
  CHECK(plan.reasons.at(job).kind == ReasonKind::kDependencyDelay);
  CHECK(plan.reasons.at(job).asked == (started + Seconds{600}).time_since_epoch().count());
  CHECK(core.state_of(at_once) == JobState::kPreparing);
  CHECK(core.planner().next_wake() == started + Seconds{600});
  core.now = started + Seconds{600} - Millis{1};
  core.plan();
  CHECK(core.state_of(job) == JobState::kPending);
  core.now = started + Seconds{600};
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B14] after counts from the end of a job that never starts") {
  Ready core;
  JobRequest held = request_for({});
  held.hold = true;
  const JobId parent = core.submit(held);
  const JobId job = core.submit(depending("after:" + id_text(parent) + "+1"));
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = parent});
  CHECK(core.job(job).dependencies.statuses[0].from == core.now + Seconds{60});
}

TEST_CASE("[B16] a list of all needs every part and a list of any needs one") {
  Ready core;
  const JobId first = core.running(Ask{});
  const JobId second = core.running(Ask{});
  const std::string ids = id_text(first) + ":" + id_text(second);
  const JobId all = core.submit(depending("afterok:" + ids));
  const JobId any =
      core.submit(depending("afterok:" + id_text(first) + "?afterok:" + id_text(second)));
  core.end_all(first, failure());
  CHECK(phase_of(core, all) == DependencyPhase::kNever);
  CHECK(phase_of(core, any) == DependencyPhase::kWaiting);
  core.end_all(second);
  core.plan();
  CHECK(core.state_of(any) == JobState::kPreparing);
  CHECK(core.state_of(all) == JobState::kPending);
}

TEST_CASE("[B17] a job that the state has forgotten is resolved from what the command brings") {
  Ready core;
  const JobId parent = core.running(Ask{});
  core.end_all(parent);
  core.pass(core.state.config->timings.keep_finished);
  REQUIRE(core.state.find_job(parent) == nullptr);
  const std::vector<PastJob> past = {{parent, JobState::kCompleted, core.now, core.now}};
  const JobId job = submit_after(core, depending("afterok:" + id_text(parent)), past);
  CHECK(phase_of(core, job) == DependencyPhase::kMet);
  const JobId never = submit_after(core, depending("afternotok:" + id_text(parent)), past);
  CHECK(phase_of(core, never) == DependencyPhase::kNever);
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B17] an id that no job ever had is refused by name and nothing is recorded") {
  Ready core;
  const Error error = core.refused(submission(depending("afterok:77")));
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("afterok:77") != std::string::npos);
  CHECK(core.state.jobs.empty());
  JobRequest self = depending("afterok:1");
  CHECK(core.refused(submission(self)).code == ErrorCode::kNotFound);
}

}  // namespace
