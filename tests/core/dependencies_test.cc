#include "scheduler/core/dependencies.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::request_for;

// A job of the name "train" that depends on others as the text says.
JobRequest depending(const std::string& text, std::uint32_t cores = 1) {
  JobRequest request = request_for({.cores = cores});
  request.dependencies = *parse_dependencies(text);
  return request;
}

std::string id_text(JobId id) { return std::to_string(id.value); }

SubmitJob submission(JobRequest request, std::vector<PastJob> past = {}) {
  Caller caller = CoreDriver::user(request.user);
  return {caller, std::make_shared<const JobRequest>(std::move(request)), false, std::move(past)};
}

JobId submit_after(CoreDriver& core, JobRequest request, std::vector<PastJob> past) {
  return std::get<Submitted>(core.must(submission(std::move(request), std::move(past)))).job;
}

SetDependencies change(JobId job, const std::string& text, const std::string& user = "ada") {
  Dependencies wanted;
  if (!text.empty()) wanted = *parse_dependencies(text);
  return {CoreDriver::user(user), job, wanted, {}};
}

DependencyPhase phase_of(const CoreDriver& core, JobId job) {
  return core.job(job).dependencies.verdict().phase;
}

ExitStatus failure() { return {EndCause::kExited, 1, 0, ""}; }

ReasonKind reason_of(CoreDriver& core, JobId job) { return core.plan().reasons.at(job).kind; }

// A cluster whose nodes are up.
struct Ready : CoreDriver {
  explicit Ready(ClusterConfig config = test::cluster_of(4)) : CoreDriver(std::move(config)) {
    join_all();
  }
};

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

TEST_CASE("[B15] aftercorr between jobs that are no arrays is as afterok") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("aftercorr:" + id_text(parent)));
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.end_all(parent);
  CHECK(phase_of(core, job) == DependencyPhase::kMet);
}

JobRequest array_of(const std::string& spec, const std::string& dependency = "") {
  JobRequest request = dependency.empty() ? request_for({}) : depending(dependency);
  request.array = *parse_array_spec(spec);
  return request;
}

// The job of the array's task of that index.
JobId task_of(const CoreDriver& core, JobId array, std::uint32_t index) {
  for (const auto& [id, job] : core.state.jobs) {
    if (job.array_id == array && job.array_index == index) return id;
  }
  return {};
}

TEST_CASE("[B15] aftercorr lets task i of an array start when task i of the other has succeeded") {
  Ready core;
  const JobId parents = core.submit(array_of("1-3"));
  const JobId array = core.submit(array_of("1-3", "aftercorr:" + id_text(parents)));
  core.plan();
  for (std::uint32_t i = 1; i <= 3; ++i) core.prepare_all(task_of(core, parents, i));
  core.plan();
  CHECK(task_of(core, array, 1) == JobId{});
  core.end_all(task_of(core, parents, 2));
  core.plan();
  CHECK(core.state_of(task_of(core, array, 2)) == JobState::kPreparing);
  CHECK(task_of(core, array, 1) == JobId{});
  core.end_all(task_of(core, parents, 1), failure());
  core.plan();
  CHECK(task_of(core, array, 1) == JobId{});
  CHECK(phase_of(core, array) == DependencyPhase::kWaiting);
  core.end_all(task_of(core, parents, 3));
  core.plan();
  CHECK(core.state_of(task_of(core, array, 3)) == JobState::kPreparing);
  CHECK(task_of(core, array, 1) == JobId{});
  CHECK(phase_of(core, array) == DependencyPhase::kNever);
}

TEST_CASE("[B15] aftercorr matches tasks by index where the arrays differ") {
  Ready core;
  const JobId parents = core.submit(array_of("2-6:2"));
  const JobId array = core.submit(array_of("4-7", "aftercorr:" + id_text(parents)));
  core.plan();
  for (const std::uint32_t i : {2u, 4u, 6u}) core.prepare_all(task_of(core, parents, i));
  core.end_all(task_of(core, parents, 2));
  CHECK(phase_of(core, array) == DependencyPhase::kWaiting);
  core.end_all(task_of(core, parents, 6));
  core.plan();
  CHECK(core.state_of(task_of(core, array, 6)) == JobState::kPreparing);
  CHECK(task_of(core, array, 4) == JobId{});
}

TEST_CASE("[B15] a job can wait for one task of an array and a task that is none is refused") {
  Ready core;
  const JobId parents = core.submit(array_of("1-2"));
  const JobId job = core.submit(depending("afterok:" + id_text(parents) + "_2"));
  const Error none = core.refused(submission(depending("afterok:" + id_text(parents) + "_3")));
  CHECK(none.code == ErrorCode::kNotFound);
  core.plan();
  core.prepare_all(task_of(core, parents, 1));
  core.prepare_all(task_of(core, parents, 2));
  core.end_all(task_of(core, parents, 1));
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.end_all(task_of(core, parents, 2));
  CHECK(phase_of(core, job) == DependencyPhase::kMet);
}

TEST_CASE(
    "[B15] an array that others wait for task by task is not forgotten before they are done") {
  Ready core;
  const JobId parents = core.submit(array_of("1-2"));
  JobRequest request = array_of("1-2", "aftercorr:" + id_text(parents));
  request.hold = true;
  const JobId array = core.submit(request);
  core.plan();
  core.prepare_all(task_of(core, parents, 1));
  core.prepare_all(task_of(core, parents, 2));
  core.end_all(task_of(core, parents, 1));
  core.end_all(task_of(core, parents, 2), failure());
  core.pass(2 * core.state.config->timings.keep_finished);
  core.must(
      ActOnJob{.caller = CoreDriver::user("ada"), .job = array, .action = JobAction::kRelease});
  core.plan();
  CHECK(core.state_of(task_of(core, array, 1)) == JobState::kPreparing);
  CHECK(task_of(core, array, 2) == JobId{});
  core.must(change(array, ""));
  core.pass(Millis{1});
  CHECK(core.state.find_job(parents) == nullptr);
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

TEST_CASE("[B18] of jobs of one user and name with singleton one runs at a time in their order") {
  Ready core;
  const JobId first = core.submit(depending("singleton"));
  const JobId second = core.submit(depending("singleton"));
  const JobId third = core.submit(depending("singleton"));
  JobRequest other = depending("singleton");
  other.name = "eval";
  const JobId elsewhere = core.submit(other);
  const Plan plan = core.plan();
  CHECK(core.state_of(first) == JobState::kPreparing);
  CHECK(core.state_of(elsewhere) == JobState::kPreparing);
  CHECK(plan.reasons.at(second).kind == ReasonKind::kSingleton);
  core.prepare_all(first);
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = second});
  core.plan();
  CHECK(core.state_of(third) == JobState::kPending);
  core.end_all(first);
  core.plan();
  CHECK(core.state_of(third) == JobState::kPreparing);
}

TEST_CASE("[B18] singleton waits for a namesake that was submitted later and runs already") {
  Ready core;
  JobRequest late = depending("singleton");
  late.begin = core.now + Seconds{60};
  const JobId waits = core.submit(late);
  const JobId runs = core.running(Ask{});
  core.now += Seconds{60};
  CHECK(reason_of(core, waits) == ReasonKind::kSingleton);
  core.end_all(runs);
  core.plan();
  CHECK(core.state_of(waits) == JobState::kPreparing);
}

TEST_CASE("[B18] a plan that would start two namesakes at once has the second rejected") {
  Ready core;
  JobRequest late = depending("singleton");
  late.begin = core.now + Seconds{60};
  const JobId singleton = core.submit(late);
  const JobId other = core.submit(request_for({}));
  core.now += Seconds{60};
  Plan plan = core.planner().plan(core.now);
  CommitPlan both{plan.proposals.seen, {}};
  for (const JobId job : {other, singleton}) {
    NodeShare share;
    share.node = NodeId{job == other ? 0u : 1u};
    share.cores.insert(0);
    share.memory_mib = 8192;
    both.starts.push_back({job, {{share}}});
  }
  const auto answer = std::get<PlanCommitted>(core.must(both));
  CHECK(answer.rejected == std::vector<JobId>{singleton});
}

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

TEST_CASE("[B19] a cycle through singleton is found as well") {
  Ready core;
  const JobId first = core.submit(Ask{});
  const JobId second = core.submit(depending("singleton"));
  const Error error = core.refused(change(first, "afterok:" + id_text(second)));
  CHECK(error.code == ErrorCode::kRefused);
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
}  // namespace usine
