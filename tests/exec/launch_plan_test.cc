// What batch scripts and tasks are to be started with.
#include "agent/core/launch_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "agent/core/launch_pattern.h"
#include "tests/exec/launch_job_builder.h"

using namespace usine;
using namespace usine::agent;
using usine::test::launch_job;

namespace {

const MeetingPoint kMeeting{"10.0.0.1", 20'123};
const BatchScript kScript{"#!/bin/sh\n", "/s"};

Environment environment_of(const ProcessPlan& plan) { return Environment(plan.environment); }

}  // namespace

TEST_CASE("[B8] every letter of an output pattern is expanded") {
  LaunchJob job = launch_job(2, 1);
  job.name = "a/b";
  const PatternTask task{.node_name = "node1.site", .node_index = 1, .task = 7, .step = "0"};
  CHECK(expand_pattern("%j %A %a %J %s %x %u %N %n %t %%", job, task) ==
        "1234 1234 0 1234.0 0 a_b ada node1 1 7 %");
  CHECK(expand_pattern("%4t-%2n", job, task) == "0007-01");
  CHECK(expand_pattern("%q %", job, task) == "%q %");
  CHECK(expand_pattern("\\%j", job, task) == "%j");
  job.array = ArrayPlace{.id = 1200, .index = 34};
  CHECK(expand_pattern("%A_%a", job, task) == "1200_34");
}

TEST_CASE("[B8] output goes to usine-JOB.out unless named and errors go with it") {
  LaunchJob job = launch_job(1, 1);
  CHECK(plan_batch(job, kScript, kMeeting).output == "usine-1234.out");
  CHECK(plan_batch(job, kScript, kMeeting).error.empty());
  CHECK(plan_batch(job, kScript, kMeeting).input == "/dev/null");
  job.output = "log-%j";
  job.error = "log-1234";
  CHECK_MESSAGE(plan_batch(job, kScript, kMeeting).error.empty(), "one file is opened once");
}

TEST_CASE("[B8] each task of an array has an output file and an environment of its own") {
  LaunchJob job = launch_job(1, 1);
  job.environment = {"SLURM_ARRAY_TASK_ID=99"};
  job.array =
      ArrayPlace{.id = 1200, .index = 30, .count = 5, .lowest = 10, .highest = 50, .step = 10};
  const ProcessPlan plan = plan_batch(job, kScript, kMeeting);
  CHECK(plan.output == "usine-1200_30.out");
  const Environment environment = environment_of(plan);
  for (const std::string family : {"USINE_ARRAY_", "SLURM_ARRAY_"}) {
    CHECK(environment.get(family + "JOB_ID") == "1200");
    CHECK(environment.get(family + "TASK_ID") == "30");
    CHECK(environment.get(family + "TASK_COUNT") == "5");
    CHECK(environment.get(family + "TASK_MIN") == "10");
    CHECK(environment.get(family + "TASK_MAX") == "50");
    CHECK(environment.get(family + "TASK_STEP") == "10");
  }
  job.array.reset();
  CHECK(environment_of(plan_batch(job, kScript, kMeeting)).get("SLURM_ARRAY_TASK_ID").empty());
}

TEST_CASE("[B9] a batch script is started as it was submitted") {
  LaunchJob job = launch_job(1, 1);
  job.arguments = {"one", "two words"};
  job.environment = {"HOME=/home/ada", "BROKEN", "FLAVOUR=sweet"};
  job.umask = 027;
  job.limits = {{.resource = 4, .soft = 0}};
  const ProcessPlan plan = plan_batch(job, {"#!/bin/sh\n", "/folder/script"}, kMeeting);
  CHECK(plan.argv == std::vector<std::string>{"/bin/sh", "/folder/script", "one", "two words"});
  CHECK(plan.working_directory == "/home/ada");
  CHECK(plan.umask == 027);
  CHECK(plan.limits == job.limits);
  CHECK(plan.uid == 1000);
  CHECK(plan.pus == job.nodes[0].pus);
  CHECK(environment_of(plan).get("FLAVOUR") == "sweet");
}

TEST_CASE("an emulated node's processes are not bound to this machine's cores") {
  LaunchJob job = launch_job(1, 1);
  job.emulated = true;
  CHECK(plan_batch(job, kScript, kMeeting).pus.empty());
}

TEST_CASE("a batch script finds its job and its resources in the environment") {
  LaunchJob job = launch_job(2, 3);
  job.environment = {"SLURM_JOB_ID=999", "RANK=17", "SLURM_STEP_ID=4"};
  const Environment environment = environment_of(plan_batch(job, kScript, kMeeting));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"USINE_JOB_ID", "1234"},
      {"SLURM_JOB_ID", "1234"},
      {"SLURM_JOB_NAME", "train"},
      {"SLURM_JOB_NODELIST", "node[0-1]"},
      {"SLURM_NNODES", "2"},
      {"SLURM_NTASKS", "6"},
      {"SLURM_TASKS_PER_NODE", "3(x2)"},
      {"SLURM_JOB_CPUS_PER_NODE", "4(x2)"},
      {"SLURM_JOB_ACCOUNT", "physics"},
      {"SLURM_JOB_PARTITION", "gpu"},
      {"SLURM_SUBMIT_DIR", "/home/ada"},
      {"SLURMD_NODENAME", "node0"},
      {"SLURM_PROCID", "0"},
      {"CUDA_VISIBLE_DEVICES", "0,1"},
      {"MASTER_ADDR", "10.0.0.1"},
      {"MASTER_PORT", "20123"},
      {"USINE_SHEPHERD", "/var/lib/usine/1234.1/shepherd.sock"},
      {"TMPDIR", "/var/lib/usine/1234.1/tmp"}};
  for (const auto& [name, value] : expected) CHECK_MESSAGE(environment.get(name) == value, name);
  CHECK_MESSAGE(environment.get("RANK").empty(), "the submitting rank's place is not the job's");
  CHECK(environment.get("SLURM_STEP_ID").empty());
  CHECK(environment.get("SLURM_RESTART_COUNT").empty());
}

TEST_CASE("a requeued job can tell that it was started before") {
  LaunchJob job = launch_job(1, 1);
  job.key.attempt = AttemptNumber{3};
  CHECK(environment_of(plan_batch(job, kScript, kMeeting)).get("SLURM_RESTART_COUNT") == "2");
}

TEST_CASE("a job without GPUs sees none") {
  LaunchJob job = launch_job(1, 1);
  job.nodes[0].gpus.clear();
  const ProcessPlan plan = plan_batch(job, kScript, kMeeting);
  CHECK(std::ranges::find(plan.environment, "CUDA_VISIBLE_DEVICES=") != plan.environment.end());
}

TEST_CASE("a task finds its rank under every name that frameworks read") {
  LaunchJob job = launch_job(2, 3);
  job.this_node = 1;
  const StepCommand command{.argv = {"train"}, .environment = {"LR=0.1"}, .working_directory = {}};
  const StepLayout layout = lay_out_step(job, {}).value();
  const ProcessPlan plan = plan_task(
      job, command, kMeeting,
      {.step = 3, .layout = layout, .node = 1, .local_rank = 2, .step_gpus = {2, 3}, .gpus = {3}});
  const Environment environment = environment_of(plan);
  const std::vector<std::pair<std::string, std::string>> expected = {{"RANK", "5"},
                                                                     {"LOCAL_RANK", "2"},
                                                                     {"WORLD_SIZE", "6"},
                                                                     {"NODE_RANK", "1"},
                                                                     {"LOCAL_WORLD_SIZE", "3"},
                                                                     {"SLURM_PROCID", "5"},
                                                                     {"SLURM_LOCALID", "2"},
                                                                     {"SLURM_NODEID", "1"},
                                                                     {"SLURM_NTASKS", "6"},
                                                                     {"SLURM_STEP_ID", "3"},
                                                                     {"SLURMD_NODENAME", "node1"},
                                                                     {"CUDA_VISIBLE_DEVICES", "3"},
                                                                     {"SLURM_STEP_GPUS", "2,3"},
                                                                     {"SLURM_GPUS_ON_NODE", "2"},
                                                                     {"LR", "0.1"},
                                                                     {"MASTER_PORT", "20123"}};
  for (const auto& [name, value] : expected) CHECK_MESSAGE(environment.get(name) == value, name);
  CHECK(plan.argv == command.argv);
  CHECK(plan.working_directory == "/home/ada");
}

TEST_CASE("a script's interpreter is taken from its first line as the kernel does") {
  using Words = std::vector<std::string>;
  const auto argv = [](std::string_view text) {
    return plan_batch(launch_job(1, 1), {text, "/s"}, kMeeting).argv;
  };
  CHECK(argv("#!/bin/sh") == Words{"/bin/sh", "/s"});
  CHECK(argv("#! \t/bin/bash  -e -x \t\nexit\n") == Words{"/bin/bash", "-e -x", "/s"});
  CHECK(argv("#!/usr/bin/env python3\n") == Words{"/usr/bin/env", "python3", "/s"});
  CHECK(argv("#!sh\n") == Words{"./sh", "/s"});
  CHECK(argv("#!/bin/sh\r\n") == Words{"/bin/sh\r", "/s"});
}

TEST_CASE("a script without an interpreter is refused") {
  CHECK(check_script("#!/bin/sh\necho\n"));
  CHECK(!check_script("#! \t\necho\n"));
  CHECK(!check_script("echo\n"));
  CHECK(!check_script(""));
}
