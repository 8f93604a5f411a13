// Job arrays in the core (B22 to B27), with the planner that proposes their starts.
#include "scheduler/core/arrays.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

using namespace usine;
using namespace usine::test;

namespace {

class Arrays : public CoreDriver {
 public:
  explicit Arrays(std::uint32_t nodes = 1) : Arrays(cluster_of(nodes)) {}
  explicit Arrays(ClusterConfig config) : CoreDriver(std::move(config)) { join_all(); }

  JobId submit_array(const std::string& spec, JobRequest request = request_for({})) {
    request.array = *parse_array_spec(spec);
    return submit(std::move(request));
  }

  [[nodiscard]] const ArrayTasks& tasks(JobId array) const { return state.arrays.at(array); }
  [[nodiscard]] std::uint64_t ended_as(JobId array, JobState outcome) const {
    const auto found = tasks(array).ended.find(outcome);
    return found == tasks(array).ended.end() ? 0 : found->second.count();
  }

  // The jobs of the array's tasks that have not ended, in the order of their indexes.
  [[nodiscard]] std::vector<JobId> live(JobId array) const {
    std::vector<JobId> jobs;
    for (const auto& [position, job] : tasks(array).live) jobs.push_back(job);
    return jobs;
  }
  [[nodiscard]] JobId task(JobId array, std::uint32_t index) const {
    return tasks(array).live.at(*job(array).request->array->position_of(index));
  }

  // Plans, and prepares whatever was placed.
  void plan_and_prepare(JobId array) {
    plan();
    for (const JobId id : live(array)) {
      if (job(id).state == JobState::kPreparing) prepare_all(id);
    }
  }

  void end_task(JobId id, int exit_code = 0) { end_all(id, {EndCause::kExited, exit_code, 0, ""}); }

  // Passes and ends until nothing of the array is left to run.
  void run_to_end(JobId array) {
    for (int rounds = 0; !is_final(state_of(array)); ++rounds) {
      REQUIRE(rounds < 100);
      plan_and_prepare(array);
      for (const JobId id : live(array)) {
        if (job(id).attempt) end_task(id);
      }
      now += Seconds(60);  // so that what was put back may start again
    }
  }

  ActOnJob act(JobId array, JobAction action, const std::string& some = {},
               std::set<JobState> states = {}) {
    ActOnJob command{user("ada"), array, action, {}, std::move(states)};
    if (!some.empty()) command.tasks = *parse_array_spec(some);
    return command;
  }
};

}  // namespace

TEST_CASE("a task that starts is a job of its own beside its array and shares its request") {
  Arrays core;
  const JobId array = core.submit_array("5-7");
  core.plan();
  const JobId id = core.task(array, 6);
  CHECK(id > array);
  CHECK(core.job(id).array_id == array);
  CHECK(core.job(id).array_index == 6);
  CHECK(core.job(id).request == core.job(array).request);
  CHECK(core.job(id).submitted == core.job(array).submitted);
  CHECK(job_name(core.job(id)) == std::to_string(array.value) + "_6");
  CHECK(core.job(array).attempt == std::nullopt);
  CHECK(core.state_of(array) == JobState::kRunning);
}

TEST_CASE("an array runs all its tasks once and ends with the last of them") {
  Arrays core;
  const JobId array = core.submit_array("0-39");  // 16 cores
  core.run_to_end(array);
  CHECK(core.state_of(array) == JobState::kCompleted);
  CHECK(core.ended_as(array, JobState::kCompleted) == 40);
  CHECK(core.state.next_job == JobId{array.value + 41});
}

TEST_CASE("[B22] no more tasks of an array run at once than its limit says") {
  Arrays core;
  const JobId array = core.submit_array("0-15%4");
  core.plan_and_prepare(array);
  CHECK(core.live(array).size() == 4);
  core.plan();
  CHECK(core.live(array).size() == 4);
  core.end_task(core.task(array, 2));
  core.plan();
  CHECK(core.live(array).size() == 4);
  CHECK(core.tasks(array).pending.count() == 11);
}

TEST_CASE("[B22] raising the limit of an array takes effect at once") {
  Arrays core;
  const JobId array = core.submit_array("0-15%4");
  core.plan_and_prepare(array);
  core.must(SetArrayLimit{Arrays::user("ada"), array, 8});
  CHECK(core.planner().has_work(core.now));
  core.plan_and_prepare(array);
  CHECK(core.live(array).size() == 8);
  core.must(SetArrayLimit{Arrays::user("ada"), array, 2});
  core.plan_and_prepare(array);
  CHECK(core.live(array).size() == 8);
  for (int i = 0; i < 7; ++i) core.end_task(core.live(array).front());
  core.plan();
  CHECK(core.live(array).size() == 2);
  core.must(SetArrayLimit{Arrays::user("ada"), array, 0});
  core.plan();
  CHECK(core.tasks(array).pending.empty());
}

TEST_CASE("[B22] the core refuses a proposed start beyond the limit whatever the plan says") {
  Arrays core(2);
  const JobId array = core.submit_array("0-9%1");
  Plan plan = core.planner().plan(core.now);
  REQUIRE(plan.proposals.starts.size() == 1);
  ProposedStart second = plan.proposals.starts.front();
  const NodeId used = second.allocation.nodes.front().node;
  second.allocation.nodes.front().node = NodeId{1 - used.value};
  plan.proposals.starts.push_back(second);
  const auto reply = std::get<PlanCommitted>(core.must(plan.proposals));
  CHECK(reply.rejected == std::vector<JobId>{array});
  CHECK(core.live(array).size() == 1);
}

TEST_CASE("[B22] a waiting array at its limit says so with its numbers") {
  Arrays core;
  const JobId array = core.submit_array("0-15%4");
  const Plan first = core.plan();
  CHECK(first.reasons.at(array).kind == ReasonKind::kArrayLimit);
  core.must(ActOnJob{Arrays::user("ada"), core.submit(Ask{}), JobAction::kHold});
  const Plan second = core.plan();
  REQUIRE(second.reasons.contains(array));
  CHECK(second.reasons.at(array) == Reason{ReasonKind::kArrayLimit, 4, 4, 0, {}});
}

TEST_CASE("[B23] cancelling one task leaves its siblings alone") {
  Arrays core;
  const JobId array = core.submit_array("0-5%3");
  core.plan_and_prepare(array);
  const JobId running = core.task(array, 1);
  core.must(core.act(array, JobAction::kCancel, "1"));
  CHECK(core.state_of(running) == JobState::kStopping);
  CHECK(core.state_of(core.task(array, 0)) == JobState::kRunning);
  core.must(core.act(array, JobAction::kCancel, "4-5"));
  CHECK(core.tasks(array).pending.count() == 1);
  CHECK(core.ended_as(array, JobState::kCancelled) == 2);
  core.end_all(running, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(running) == JobState::kCancelled);
  core.run_to_end(array);
  CHECK(core.ended_as(array, JobState::kCompleted) == 3);
  CHECK(core.ended_as(array, JobState::kCancelled) == 3);
  CHECK(core.state_of(array) == JobState::kCancelled);
  CHECK(core.job(array).message == "3 of 6 tasks were cancelled");
}

TEST_CASE("[B23] cancelling an array ends its waiting tasks without starting them") {
  Arrays core;
  const JobId array = core.submit_array("0-99%4");
  core.plan_and_prepare(array);
  core.must(core.act(array, JobAction::kCancel));
  CHECK(core.tasks(array).pending.empty());
  CHECK(core.ended_as(array, JobState::kCancelled) == 96);
  core.plan();
  for (const JobId id : core.live(array)) core.end_all(id, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(array) == JobState::kCancelled);
  CHECK(core.state.next_job == JobId{array.value + 5});
  CHECK(core.refused(core.act(array, JobAction::kCancel)).message.find("has ended already") !=
        std::string::npos);
}

TEST_CASE("[B23] an array that has not started ends at once when it is cancelled") {
  Arrays core;
  const JobId array = core.submit_array("0-99");
  core.must(core.act(array, JobAction::kCancel));
  CHECK(core.state_of(array) == JobState::kCancelled);
  CHECK(core.count_of<JobEnded>() == 1);
}

TEST_CASE("tasks that an array does not have are named in the refusal") {
  Arrays core;
  const JobId array = core.submit_array("0-5");
  CHECK(core.refused(core.act(array, JobAction::kCancel, "7-9")).message ==
        "array " + std::to_string(array.value) + " has no task 7-9: its tasks are 0-5");
  const JobId single = core.submit(Ask{});
  CHECK(core.refused(core.act(single, JobAction::kCancel, "1")).message.find("not an array") !=
        std::string::npos);
}

TEST_CASE("[B24] no finished task runs again after a restart and the state is the same") {
  Arrays core;
  const JobId array = core.submit_array("0-29");
  core.plan_and_prepare(array);
  core.end_task(core.task(array, 0));
  core.end_task(core.task(array, 1), 3);
  core.must(core.act(array, JobAction::kCancel, "20-22"));
  const auto restored = decode_snapshot(encode_snapshot(core.state));
  REQUIRE(restored);
  CHECK(digest(*restored) == digest(core.state));
  CHECK(check_invariants(*restored).empty());
  CHECK(restored->arrays.at(array) == core.tasks(array));
  core.must(StartEpoch{Epoch{2}});
  core.join_all();
  core.run_to_end(array);
  CHECK(core.ended_as(array, JobState::kFailed) == 1);
  CHECK(core.ended_as(array, JobState::kCompleted) == 26);
  CHECK(core.state.next_job == JobId{array.value + 28});
}

TEST_CASE("[B25] a million tasks are one event of a few bytes and one job") {
  Arrays core;
  const JobId array = core.submit_array("0-999999");
  CHECK(core.last_events.size() == 1);
  CHECK(core.state.jobs.size() == 1);
  CHECK(core.tasks(array).pending.interval_count() == 1);
  CHECK(codec::encode(core.tasks(array)).size() < 16);
  core.plan();
  CHECK(core.live(array).size() == 16);
  CHECK(core.tasks(array).pending.count() == 999'984);
}

TEST_CASE("[B27] failed tasks run again by state filter in the same array") {
  Arrays core;
  const JobId array = core.submit_array("0-3");
  core.plan_and_prepare(array);
  for (const std::uint32_t index : {0U, 1U, 2U, 3U}) {
    core.end_task(core.task(array, index), index % 2 == 0 ? 0 : 1);
  }
  CHECK(core.state_of(array) == JobState::kFailed);
  CHECK(core.job(array).message == "2 of 4 tasks failed");
  core.must(core.act(array, JobAction::kRequeue, {}, {JobState::kFailed}));
  CHECK(core.state_of(array) == JobState::kPending);
  CHECK(format_indexes(*core.job(array).request->array, core.tasks(array).pending) == "1,3");
  core.run_to_end(array);
  CHECK(core.state_of(array) == JobState::kCompleted);
  CHECK(core.ended_as(array, JobState::kCompleted) == 4);
  CHECK(core.refused(core.act(array, JobAction::kRequeue, {}, {JobState::kFailed})).code ==
        ErrorCode::kConflict);
}

TEST_CASE("[B27] named tasks that failed run again and those that succeeded do not") {
  Arrays core;
  const JobId array = core.submit_array("0-3");
  core.plan_and_prepare(array);
  core.end_task(core.task(array, 0));
  core.end_task(core.task(array, 1), 1);
  core.must(core.act(array, JobAction::kRequeue, "0-1"));
  CHECK(format_indexes(*core.job(array).request->array, core.tasks(array).pending) == "1");
  CHECK(core.refused(core.act(array, JobAction::kRequeue, "0")).code == ErrorCode::kConflict);
}

TEST_CASE("[B40] a requeued task keeps its job and its place in the array") {
  Arrays core;
  const JobId array = core.submit_array("0-3%2");
  core.plan_and_prepare(array);
  const JobId id = core.task(array, 1);
  core.must(core.act(array, JobAction::kRequeue, "1"));
  core.end_all(id, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(id) == JobState::kPending);
  CHECK(core.tasks(array).active() == 1);
  core.run_to_end(array);
  CHECK(core.job(id).attempts == 2);
  CHECK(core.state_of(array) == JobState::kCompleted);
}

TEST_CASE("[B22] a task that was put back counts against the limit again when it starts") {
  Arrays core;
  const JobId array = core.submit_array("0-9%1");
  core.plan_and_prepare(array);
  const JobId first = core.task(array, 0);
  core.must(core.act(array, JobAction::kRequeue, "0"));
  core.end_all(first, {EndCause::kStopped, 0, 15, ""});
  core.plan_and_prepare(array);
  CHECK(core.tasks(array).active() == 1);
  CHECK(startable_tasks(core.state, core.job(array), core.now) == 0);
  core.run_to_end(array);
  CHECK(core.ended_as(array, JobState::kCompleted) == 10);
}

TEST_CASE("[B44] a task whose node is lost is requeued alone") {
  Arrays core(2);
  JobRequest request = request_for({.cores = 16});
  const JobId array = core.submit_array("0-3", request);
  core.plan_and_prepare(array);
  REQUIRE(core.live(array).size() == 2);
  const JobId lost = core.task(array, 0);
  const NodeId node = core.job(lost).attempt->allocation.nodes.front().node;
  core.must(AgentGone{node});
  core.must(LeaseExpired{node});
  CHECK(core.state_of(lost) == JobState::kPending);
  CHECK(core.state_of(core.task(array, 1)) == JobState::kRunning);
  CHECK(core.tasks(array).active() == 1);
}

TEST_CASE("[B27] [B93] a task that was lost runs again only once its node is known to be dead") {
  Arrays core(2);
  JobRequest request = request_for({.cores = 16});
  request.requeue = false;
  const JobId array = core.submit_array("0-1", request);
  core.plan_and_prepare(array);
  const NodeId node = core.job(core.task(array, 0)).attempt->allocation.nodes.front().node;
  core.must(AgentGone{node});
  core.must(LeaseExpired{node});
  REQUIRE(core.ended_as(array, JobState::kNodeFail) == 1);
  const auto again = core.act(array, JobAction::kRequeue, "0");
  const Error error = core.refused(again);
  CHECK(error.code == ErrorCode::kConflict);
  const std::string& name = core.state.node_name(node);
  CHECK(error.message.find("usine node fence " + name) != std::string::npos);
  core.must(ActOnNode{CoreDriver::user("operator"), name, NodeAction::kFence, ""});
  core.must(again);
  CHECK(core.tasks(array).pending.count() == 1);
}

TEST_CASE("a held array starts no task until it is released") {
  Arrays core;
  const JobId array = core.submit_array("0-9%2");
  core.plan_and_prepare(array);
  core.must(core.act(array, JobAction::kHold));
  core.end_task(core.task(array, 0));
  core.plan();
  CHECK(core.live(array).size() == 1);
  CHECK(core.refused(core.act(array, JobAction::kHold, "5")).code == ErrorCode::kRefused);
  core.must(core.act(array, JobAction::kRelease));
  core.plan();
  CHECK(core.live(array).size() == 2);
}

TEST_CASE("a task's time limit ends that task alone") {
  Arrays core;
  const JobId array = core.submit_array("0-3%2");
  core.plan_and_prepare(array);
  core.now += Seconds(1800);
  core.end_task(core.task(array, 0));
  core.plan_and_prepare(array);
  core.pass(Seconds(1801));
  CHECK(core.state_of(core.task(array, 1)) == JobState::kStopping);
  CHECK(core.state_of(core.task(array, 2)) == JobState::kRunning);
}

TEST_CASE("the same idempotency key names the array and not its tasks") {
  Arrays core;
  JobRequest request = request_for({});
  request.idempotency_key = "once";
  const JobId array = core.submit_array("0-1", request);
  core.plan_and_prepare(array);
  core.end_task(core.task(array, 0));
  core.pass(core.state.config->timings.keep_finished + Seconds(1));
  CHECK(core.state.jobs.size() == 2);  // the first task is forgotten
  CHECK(core.submit_array("0-1", request) == array);
}

TEST_CASE("an array and its tasks are forgotten after their time") {
  Arrays core;
  const JobId array = core.submit_array("0-9");
  core.run_to_end(array);
  core.pass(core.state.config->timings.keep_finished + Seconds(1));
  CHECK(core.state.jobs.empty());
  CHECK(core.state.arrays.empty());
}

TEST_CASE("only its owner and operators change an array") {
  Arrays core;
  const JobId array = core.submit_array("0-9");
  CHECK(core.refused(SetArrayLimit{Arrays::user("bob"), array, 1}).code == ErrorCode::kPermission);
  core.must(SetArrayLimit{Arrays::user("operator"), array, 1});
  CHECK(core.refused(SetArrayLimit{Arrays::user("ada"), core.submit(Ask{}), 1}).code ==
        ErrorCode::kNotFound);
}

TEST_CASE("an array of more tasks than allowed is refused by the core as well") {
  Arrays core;
  JobRequest request = request_for({});
  request.array = ArraySpec{{{0, 1'000'000, 1, 0}}, 0};
  const Caller caller = Arrays::user("ada");
  const Error error =
      core.refused(SubmitJob{caller, std::make_shared<const JobRequest>(request), false, {}});
  CHECK(error.message == "an array of 1000001 tasks is too long: the most is 1000000");
}

TEST_CASE("[B26] a limit on a user's running jobs holds across the tasks of an array") {
  ClusterConfig config = cluster_of(1);
  config.user_limits.jobs = 3;
  Arrays core(std::move(config));
  const JobId array = core.submit_array("0-9");
  const Plan plan = core.plan();
  CHECK(core.live(array).size() == 3);
  REQUIRE(plan.reasons.contains(array));
  CHECK(plan.reasons.at(array).kind == ReasonKind::kJobsLimit);
  const JobId single = core.submit(Ask{});
  core.plan();
  CHECK(core.state_of(single) == JobState::kPending);
  const JobId other = core.submit(Ask{.user = "bob"});
  core.plan_and_prepare(array);
  CHECK(core.state_of(other) == JobState::kPreparing);
  core.end_task(core.task(array, 0));
  core.plan_and_prepare(array);
  CHECK(core.tasks(array).active() == 3);
  // Whatever a plan says, the core counts as well.
  Allocation free = core.job(core.task(array, 1)).attempt->allocation;
  free.nodes.front().cores = core.state.node(NodeId{0}).free_cores;
  const auto reply = std::get<PlanCommitted>(core.must(CommitPlan{{}, {{array, free}}, {}}));
  CHECK(reply.rejected == std::vector<JobId>{array});
}

TEST_CASE("tasks of an array that cannot start before its deadline end and the others run on") {
  Arrays core;
  JobRequest request = request_for({.time_limit = Seconds(600)});
  request.deadline = core.now + Seconds(900);
  const JobId array = core.submit_array("0-3%1", request);
  core.plan_and_prepare(array);
  core.pass(Seconds(301));
  CHECK(core.ended_as(array, JobState::kDeadline) == 3);
  CHECK(core.state_of(core.task(array, 0)) == JobState::kRunning);
  core.end_task(core.task(array, 0));
  CHECK(core.state_of(array) == JobState::kFailed);
  CHECK(core.job(array).message == "3 of 4 tasks failed");
}
