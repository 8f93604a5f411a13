// Dependencies that reach into arrays, task by task (B15).
#include <string>

#include <doctest/doctest.h>

#include "tests/core/depending.h"

using namespace usine;
using namespace usine::test;

namespace {

TEST_CASE("[B15] aftercorr between jobs that are no arrays is as afterok") {
  Ready core;
  const JobId parent = core.running(Ask{});
  const JobId job = core.submit(depending("aftercorr:" + id_text(parent)));
  CHECK(phase_of(core, job) == DependencyPhase::kWaiting);
  core.end_all(parent);
  CHECK(phase_of(core, job) == DependencyPhase::kMet);
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

TEST_CASE(
    "[B15] of an array that any of two parts releases no task starts before one of them has") {
  Ready core;
  const JobId parents = core.submit(array_of("1-3"));
  const JobId other = core.submit(request_for({}));
  core.plan();
  for (std::uint32_t i = 1; i <= 3; ++i) core.prepare_all(task_of(core, parents, i));
  core.prepare_all(other);
  const std::string wanted = "aftercorr:" + id_text(parents) + "?after:" + id_text(other) + "+10";
  const JobId array = core.submit(array_of("1-3", wanted));
  core.end_all(task_of(core, parents, 2));
  const Plan plan = core.plan();
  CHECK(core.state_of(task_of(core, array, 2)) == JobState::kPreparing);
  CHECK(task_of(core, array, 1) == JobId{});
  CHECK(plan.reasons.at(array).kind == ReasonKind::kDependency);
  CHECK(core.planner().next_wake() == core.now + Seconds{600});
  core.now += Seconds{600};
  core.plan();
  CHECK(core.state_of(task_of(core, array, 1)) == JobState::kPreparing);
  CHECK(core.state_of(task_of(core, array, 3)) == JobState::kPreparing);
}

TEST_CASE("[B15] a namesake placed by the same plan keeps tasks that only singleton released") {
  Ready core;
  const JobId parents = core.submit(array_of("1-2"));
  core.plan();
  core.prepare_all(task_of(core, parents, 1));
  core.prepare_all(task_of(core, parents, 2));
  JobRequest request = array_of("1-2", "aftercorr:" + id_text(parents) + "?singleton");
  request.name = "eval";
  request.begin = core.now + Seconds{60};
  const JobId array = core.submit(request);
  core.end_all(task_of(core, parents, 2));
  JobRequest namesake = request_for({});
  namesake.name = "eval";
  const JobId other = core.submit(namesake);
  core.now += Seconds{60};
  CommitPlan both{core.planner().plan(core.now).proposals.seen, {}};
  for (const auto& [job, node] : {std::pair(other, 2u), std::pair(array, 3u)}) {
    NodeShare share;
    share.node = NodeId{node};
    share.cores.insert(0);
    share.memory_mib = 8192;
    both.starts.push_back({job, {{share}}});
  }
  CHECK(std::get<PlanCommitted>(core.must(both)).rejected.empty());
  CHECK(core.state_of(task_of(core, array, 2)) == JobState::kPreparing);
  CHECK(task_of(core, array, 1) == JobId{});
}

}  // namespace
