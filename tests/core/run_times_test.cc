#include "scheduler/core/run_times.h"

#include <doctest/doctest.h>

#include "common/codec.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::request_for;

ScriptKey script(const std::string& name) { return {"ada", "climate", name, 1}; }

TEST_CASE("the expected run time is the median of the last eight runs") {
  RunTimes times;
  CHECK_FALSE(times.expected(script("train")));
  times.learn(script("train"), Seconds{100});
  CHECK(times.expected(script("train")) == Seconds{100});
  times.learn(script("train"), Seconds{300});
  CHECK(times.expected(script("train")) == Seconds{300});  // of two the longer
  times.learn(script("train"), Millis{1'500});
  CHECK(times.expected(script("train")) == Seconds{100});
  CHECK(times.find(script("train"))->runs.back() == Seconds{2});
  for (int i = 0; i < 8; ++i) times.learn(script("train"), Seconds{700 + i});
  CHECK(times.find(script("train"))->runs.size() == RunTimes::kRunsKept);
  CHECK(times.expected(script("train")) == Seconds{704});
  CHECK_FALSE(times.expected(script("test")));
}

TEST_CASE("one run that fails at once does not change what is expected of a script by much") {
  RunTimes times;
  for (int i = 0; i < 4; ++i) times.learn(script("train"), Seconds{3600 + i});
  times.learn(script("train"), Seconds{3});
  CHECK(times.expected(script("train")) == Seconds{3601});
}

TEST_CASE("runs are told apart by user and project and name and size") {
  const JobRequest one = request_for({.nodes = 2, .gpus = 4});
  JobRequest other = one;
  CHECK(script_of(one) == script_of(other));
  other.components[0].per_node.gpus = 7;  // 14 in all, as 8 in the class of 8 to 15
  CHECK(script_of(one) == script_of(other));
  other.components[0].per_node.gpus = 8;
  CHECK(script_of(one) != script_of(other));
  other = one;
  other.name = "other";
  CHECK(script_of(one) != script_of(other));
  CHECK(script_of(request_for({.gpus = 1})) != script_of(request_for({.cores = 1})));
}

TEST_CASE("when one script too many has run the half that was silent for longest is forgotten") {
  RunTimes times(4);
  for (const char* name : {"a", "b", "c", "d"}) times.learn(script(name), Seconds{10});
  times.learn(script("a"), Seconds{10});
  times.learn(script("e"), Seconds{10});
  CHECK(times.scripts().size() == 2);
  CHECK(times.find(script("a")) != nullptr);
  CHECK(times.find(script("e")) != nullptr);
  CHECK(times.learned() == 6);
}

// Runs one job of that request to its end.
JobId run_for(CoreDriver& core, const JobRequest& request, Seconds run, JobState outcome) {
  const JobId job = core.submit(request);
  core.plan();
  core.prepared(job, 0);
  core.now += run;
  if (outcome == JobState::kCancelled) {
    core.must(ActOnJob{CoreDriver::user("ada"), job, JobAction::kCancel, {}, {}});
  }
  core.ended(job, 0);
  CHECK(core.state_of(job) == outcome);
  return job;
}

TEST_CASE("a job is expected to take what runs of its script took and no more than its limit") {
  CoreDriver core;
  core.join_all();
  const JobRequest request = request_for(Ask{});
  run_for(core, request, Seconds{600}, JobState::kCompleted);
  const JobId known = core.submit(request);
  CHECK(core.state.find_job(known)->expected_run == Seconds{600});
  CHECK(core.state.find_job(known)->expected_length() == Seconds{600});
  CHECK(core.state.find_job(known)->limit() == Seconds{3600});
  const JobId brief = core.submit(request_for({.time_limit = Seconds{60}}));
  CHECK(core.state.find_job(brief)->expected_length() == Seconds{60});
  const JobId foreign = core.submit(request_for({.user = "bob"}));
  CHECK_FALSE(core.state.find_job(foreign)->expected_run);
  CHECK(core.state.find_job(foreign)->expected_length() == Seconds{3600});
}

TEST_CASE("what is expected of a job stays while it waits whatever others take meanwhile") {
  CoreDriver core;
  core.join_all();
  JobRequest held = request_for(Ask{});
  held.hold = true;
  run_for(core, request_for(Ask{}), Seconds{600}, JobState::kCompleted);
  const JobId waiting = core.submit(held);
  for (int i = 0; i < 5; ++i) {
    run_for(core, request_for(Ask{}), Seconds{50}, JobState::kCompleted);
  }
  CHECK(core.state.find_job(waiting)->expected_run == Seconds{600});
  CHECK(core.state.run_times.expected(script_of(held)) == Seconds{50});
}

TEST_CASE("a run that others cut short teaches nothing") {
  CoreDriver core;
  core.join_all();
  run_for(core, request_for(Ask{}), Seconds{600}, JobState::kCancelled);
  CHECK(core.state.run_times.learned() == 0);
  run_for(core, request_for(Ask{}), Seconds{700}, JobState::kCompleted);
  CHECK(core.state.run_times.learned() == 1);
}

TEST_CASE("what was learned is in the snapshot") {
  CoreDriver core;
  core.join_all();
  run_for(core, request_for(Ask{}), Seconds{600}, JobState::kCompleted);
  const auto back = decode_snapshot(encode_snapshot(core.state));
  REQUIRE(back);
  CHECK(back->run_times == core.state.run_times);
  CHECK(back->run_times.expected(script_of(request_for(Ask{}))) == Seconds{600});
}

}  // namespace
}  // namespace usine
