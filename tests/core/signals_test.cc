#include <csignal>

#include <doctest/doctest.h>

#include "scheduler/core/decider.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;

ActOnJob act(JobId job, JobAction action, SignalRequest signal = {}) {
  return {CoreDriver::user("ada"), job, action, {}, {}, signal};
}

// A job of two nodes that runs, with a limit of ten minutes.
JobId running_job(CoreDriver& core, std::optional<EndWarning> warning = {}) {
  core.join_all();
  JobRequest request = test::request_for(Ask{.nodes = 2, .gpus = 8, .time_limit = Seconds{600}});
  request.warning = warning;
  const JobId job = core.submit(std::move(request));
  core.plan();
  core.prepared(job, 0);
  core.prepared(job, 1);
  REQUIRE(core.state_of(job) == JobState::kRunning);
  return job;
}

std::vector<ToAgent> told(const CoreDriver& core, JobId job, std::uint32_t index) {
  return messages_for(core.state, core.job(job), index);
}

TEST_CASE("[B38] the warning comes once and as long before the time limit as asked") {
  CoreDriver core;
  const JobId job = running_job(core, EndWarning{{SIGUSR1, SignalTarget::kBatch}, Seconds{120}});
  core.pass(Seconds{479});
  CHECK(core.count_of<AttemptSignalled>() == 0);
  core.pass(Seconds{1});
  CHECK(core.count_of<AttemptSignalled>() == 1);
  const Attempt& attempt = *core.job(job).attempt;
  CHECK(attempt.last_signal == SignalRequest{SIGUSR1, SignalTarget::kBatch});
  core.pass(Seconds{60});
  CHECK(core.count_of<AttemptSignalled>() == 0);
}

TEST_CASE("[B38] a job with less time left than the warning asks for hears it when it starts") {
  CoreDriver core;
  running_job(core, EndWarning{{SIGUSR1, SignalTarget::kSteps}, Seconds{6000}});
  core.must(Tick{});
  CHECK(core.count_of<AttemptSignalled>() == 1);
}

TEST_CASE(
    "[B38] [B46] a limit that is raised after the warning brings another before the new end") {
  CoreDriver core;
  const JobId job = running_job(core, EndWarning{{SIGUSR1, SignalTarget::kSteps}, Seconds{60}});
  core.pass(Seconds{540});
  REQUIRE(core.count_of<AttemptSignalled>() == 1);
  core.must(SetJobLimit{CoreDriver::user("ada"), job, Seconds{1200}, std::nullopt});
  core.pass(Seconds{599});
  CHECK(core.count_of<AttemptSignalled>() == 0);
  core.pass(Seconds{1});
  CHECK(core.count_of<AttemptSignalled>() == 1);
  CHECK(core.job(job).attempt->signals == 2);
}

TEST_CASE("an agent that comes back is told the last signal and whether the job is suspended") {
  CoreDriver core;
  const JobId job = running_job(core);
  CHECK(told(core, job, 0).size() == 1);
  core.must(act(job, JobAction::kSignal, {SIGUSR1, SignalTarget::kSteps}));
  core.must(act(job, JobAction::kSignal, {SIGUSR2, SignalTarget::kAll}));
  core.must(act(job, JobAction::kSuspend));
  core.must(act(job, JobAction::kUnsuspend));
  const AttemptKey key{job, core.job(job).attempt->number};
  const auto head = told(core, job, 0);
  REQUIRE(head.size() == 3);
  CHECK(std::get<Signal>(head[1]) ==
        Signal{key, core.state.epoch, 2, {SIGUSR2, SignalTarget::kAll}});
  CHECK(std::get<Suspend>(head[2]) == Suspend{key, core.state.epoch, false});
  const auto other = told(core, job, 1);
  REQUIRE(other.size() == 2);
  CHECK(std::holds_alternative<Suspend>(other[1]));
}

TEST_CASE("a suspended job keeps its nodes and ends at its limit") {
  CoreDriver core;
  const JobId job = running_job(core);
  core.must(act(job, JobAction::kSuspend));
  CHECK(core.refused(act(job, JobAction::kSuspend)).message == "job 1 is suspended already");
  CHECK(core.job(job).attempt->suspended.has_value());
  core.pass(Seconds{600});
  CHECK(core.job(job).attempt->stop->cause == StopCause::kTimeLimit);
  CHECK(core.refused(act(job, JobAction::kUnsuspend)).code == ErrorCode::kConflict);
}

TEST_CASE("only a running job is signalled or suspended and only by its owner or an operator") {
  CoreDriver core;
  const JobId waiting = core.submit(Ask{});
  const SignalRequest usr1{SIGUSR1, SignalTarget::kSteps};
  CHECK(core.refused(act(waiting, JobAction::kSignal, usr1)).message ==
        "job 1 is pending: only a running job has processes to reach");
  CHECK(core.refused(act(waiting, JobAction::kUnsuspend)).code == ErrorCode::kConflict);
  const JobId job = running_job(core);
  CHECK(core.refused(act(job, JobAction::kUnsuspend)).message == "job 2 is not suspended");
  CHECK(core.refused(act(job, JobAction::kSignal)).code == ErrorCode::kInvalid);
  ActOnJob foreign = act(job, JobAction::kSignal, usr1);
  foreign.caller = CoreDriver::user("mallory");
  CHECK(core.refused(foreign).code == ErrorCode::kPermission);
  foreign.caller = CoreDriver::user("operator");
  core.must(foreign);
}

TEST_CASE("an array is signalled task by task and refused where none runs") {
  CoreDriver core;
  core.join_all();
  JobRequest request = test::request_for(Ask{.gpus = 8});
  request.array = *parse_array_spec("0-7");
  const JobId array = core.submit(std::move(request));
  const SignalRequest usr1{SIGUSR1, SignalTarget::kSteps};
  CHECK(core.refused(act(array, JobAction::kSignal, usr1)).message ==
        "no task of array 1 runs that this would change");
  core.plan();
  std::vector<JobId> tasks;
  for (const auto& [position, task] : core.state.arrays.at(array).live) tasks.push_back(task);
  REQUIRE(tasks.size() == 4);
  core.prepared(tasks[0], 0);
  core.prepared(tasks[1], 0);
  core.must(act(array, JobAction::kSignal, usr1));
  CHECK(core.count_of<AttemptSignalled>() == 2);
  core.must(act(array, JobAction::kSuspend));
  CHECK(core.count_of<SuspensionSet>() == 2);
}

}  // namespace
}  // namespace usine
