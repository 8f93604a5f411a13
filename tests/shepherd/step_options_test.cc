// What steps share, bind and survive, as their options say: real shepherds on one machine.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sched.h>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

// A job on one node of four cores and two GPUs, in two packages.
class GpuJob {
 public:
  explicit GpuJob(bool emulated = true) {
    proto::JobSpec spec = job_spec("until [ -e done ]; do sleep 0.02; done");
    spec.set_emulated(emulated);
    proto::SpecNode& node = *spec.mutable_nodes(0);
    for (const int place : {0, 0, 1, 1}) {
      node.add_core_packages(place);
      node.add_core_numas(place);
    }
    for (const std::uint32_t gpu : {4u, 5u}) node.add_gpus(gpu);
    for (const int place : {0, 1}) node.add_gpu_numas(place);
    agent_.emplace(folder_, spec);
    agent_->ready();
    agent_->start();
  }

  [[nodiscard]] FakeClient client() const { return FakeClient(agent_->job_folder()); }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

 private:
  TempFolder folder_;
  std::optional<FakeAgent> agent_;
};

proto::RunStep gpu_step(const std::string& script, std::uint32_t tasks, std::uint32_t gpus) {
  proto::RunStep step = step_of(script, tasks);
  step.set_gpus(gpus);
  return step;
}

// What the next line for the user says.
std::string notice_of(FakeClient& client) {
  while (true) {
    const proto::ShepherdMessage message = client.next_message();
    if (message.has_notice()) return message.notice().text();
    if (message.has_step_ended()) return "the step ended: " + message.step_ended().message();
  }
}

}  // namespace

TEST_CASE("without kill on bad exit a step survives the failure of a rank and ends with its code") {
  RunningJob job(2, 2);
  FakeClient client = job.client();
  client.run(
      step_of("case $RANK in 1) exit 3;; 2) until [ -e go ]; do sleep 0.02; done; exit 2;; esac; "
              "until [ -e go ]; do sleep 0.02; done; echo whole"));
  CHECK(notice_of(client) ==
        "rank 1 on node0 exited with 3; the step goes on, --kill-on-bad-exit would have ended it");
  REQUIRE(os::write_file(job.folder() / "go", "now"));
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 3);
  CHECK(ended.message() == "rank 1 on node0 exited with 3, and 1 more rank ended badly");
  CHECK(client.output(0) == "whole\n");
  CHECK(client.output(3) == "whole\n");
}

TEST_CASE("a step that is told to go on survives the crash of a rank as well") {
  RunningJob job(1, 2);
  FakeClient client = job.client();
  proto::RunStep step =
      step_of("[ $RANK = 0 ] || kill -SEGV $$; until [ -e go ]; do sleep 0.02; done");
  step.set_bad_exit(2);
  client.run(step);
  const std::string notice = notice_of(client);
  CHECK(notice.starts_with("rank 1 on node0 was ended by signal 11"));
  CHECK(notice.ends_with("; the step goes on"));
  REQUIRE(os::write_file(job.folder() / "go", "now"));
  CHECK(client.ended().exit_code() == 128 + SIGSEGV);
}

TEST_CASE("[B58] a step that does not fit beside others waits until they end and says so once") {
  RunningJob job(1);
  FakeClient first = job.client();
  first.run(step_of("until [ -e end ]; do sleep 0.02; done", 3));
  first.wait_started();
  FakeClient second = job.client();
  second.run(step_of("echo $SLURM_STEPID", 2));
  CHECK(notice_of(second) ==
        "the step waits for 2 cores on node0, of which 1 is free, until others of the job end; "
        "--overlap would share them");
  FakeClient small = job.client();
  CHECK_MESSAGE(small.run_to_end(step_of("true")).exit_code() == 0, "what fits goes first");
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(first.ended().exit_code() == 0);
  second.wait_started();
  CHECK(second.ended().exit_code() == 0);
  CHECK(second.output(0) == "2\n");
}

TEST_CASE("[B58] a step that asks to overlap takes nothing from others and does not wait") {
  RunningJob job(1);
  FakeClient first = job.client();
  first.run(step_of("until [ -e end ]; do sleep 0.02; done", 4));
  first.wait_started();
  proto::RunStep step = step_of("until [ -e end ]; do sleep 0.02; done; echo over", 4);
  step.set_overlap(true);
  FakeClient over = job.client();
  over.run(step);
  over.wait_started();
  FakeClient third = job.client();
  third.run(step_of("true"));
  CHECK(notice_of(third).starts_with("the step waits for 1 core on node0, where none is free"));
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(over.ended().exit_code() == 0);
  CHECK(over.output(3) == "over\n");
  third.wait_started();
  CHECK(third.ended().exit_code() == 0);
}

TEST_CASE(
    "a step that would not wait is refused with what is missing and one that leaves is gone") {
  RunningJob job(1);
  FakeClient first = job.client();
  first.run(step_of("until [ -e end ]; do sleep 0.02; done", 4));
  first.wait_started();
  proto::RunStep step = step_of("true");
  step.set_immediate(true);
  FakeClient hasty = job.client();
  CHECK(hasty.run_to_end(step).message() ==
        "the step asks for 1 core on node0, where none is free now: without --immediate it waits "
        "for other steps");
  FakeClient leaver = job.client();
  leaver.run(step_of("touch ran"));
  CHECK(notice_of(leaver).starts_with("the step waits for "));
  leaver.signal(SIGINT);
  CHECK(leaver.ended().message() == "the step was interrupted before it started");
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(first.ended().exit_code() == 0);
  FakeClient last = job.client();
  CHECK(last.run_to_end(step_of("true", 4)).exit_code() == 0);
  CHECK_FALSE(std::filesystem::exists(job.folder() / "ran"));
}

TEST_CASE("[B58] steps that ask for GPUs have different ones and each task sees its own") {
  GpuJob job;
  const std::string show = "echo $CUDA_VISIBLE_DEVICES $SLURM_STEP_GPUS $SLURM_GPUS_ON_NODE; ";
  const std::string wait = show + "until [ -e end ]; do sleep 0.02; done";
  FakeClient first = job.client();
  first.run(gpu_step(wait, 1, 1));
  first.wait_started();
  FakeClient second = job.client();
  second.run(gpu_step(wait, 1, 1));
  second.wait_started();
  FakeClient third = job.client();
  third.run(step_of(show, 1));
  CHECK(notice_of(third).starts_with("the step waits for 2 GPUs on node0, where none is free"));
  FakeClient none = job.client();
  CHECK(none.run_to_end(gpu_step(show, 1, 0)).exit_code() == 0);
  CHECK(none.output(0) == "0\n");
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(first.ended().exit_code() == 0);
  CHECK(second.ended().exit_code() == 0);
  CHECK(first.output(0) == "4 4 1\n");
  CHECK(second.output(0) == "5 5 1\n");
  third.wait_started();
  CHECK(third.ended().exit_code() == 0);
  CHECK(third.output(0) == "4,5 4,5 2\n");
  proto::RunStep each = step_of(show, 2);
  each.set_gpus_per_task(1);
  FakeClient fourth = job.client();
  CHECK(fourth.run_to_end(each).exit_code() == 0);
  CHECK(fourth.output(0) == "4 4,5 2\n");
  CHECK(fourth.output(1) == "5 4,5 2\n");
}

TEST_CASE("bindings are told to the client where it asks and hold on a real node") {
  cpu_set_t ours;
  REQUIRE(sched_getaffinity(0, sizeof(ours), &ours) == 0);
  if (!CPU_ISSET(0, &ours) || !CPU_ISSET(1, &ours)) USINE_SKIP("this needs processors 0 and 1");
  GpuJob job(false);
  proto::RunStep step = step_of("grep Cpus_allowed_list /proc/self/status | cut -f2", 2);
  step.set_cpu_binding("verbose,map_cpu:1,0");
  step.set_gpu_binding("verbose,closest");
  FakeClient client = job.client();
  CHECK(client.run_to_end(step).exit_code() == 0);
  CHECK(client.output(0) == "1\n");
  CHECK(client.output(1) == "0\n");
  CHECK(client.errors(0) ==
        "cpu-bind: processors 1 for rank 0 on node0\ngpu-bind: GPUs 4 for rank 0 on node0\n");
  step.set_cpu_binding("none");
  step.set_gpu_binding("");
  FakeClient unbound = job.client();
  CHECK(unbound.run_to_end(step).exit_code() == 0);
  CHECK_MESSAGE(unbound.output(0) == "0-1\n", "all of the step's and no other");
}

TEST_CASE("a binding to what the job has not ends the step with one line") {
  GpuJob job;
  proto::RunStep step = step_of("true", 2);
  step.set_cpu_binding("map_cpu:0,9");
  FakeClient client = job.client();
  CHECK(client.run_to_end(step).message() ==
        "rank 1 on node0 was not started: --cpu-bind: processor 9 is not of the job on node0, "
        "which has 0-3 there");
  step.set_cpu_binding("boards");
  FakeClient other = job.client();
  CHECK(other.run_to_end(step).message().starts_with("--cpu-bind: 'boards' is not supported"));
}

TEST_CASE("a cyclic distribution deals ranks to nodes one by one and their places are told") {
  RunningJob job(2, 2);
  proto::RunStep step = step_of("echo $SLURMD_NODENAME $SLURM_LOCALID $SLURM_NODEID");
  step.set_distribution("cyclic");
  FakeClient client = job.client();
  CHECK(client.run_to_end(step).exit_code() == 0);
  CHECK(client.output(0) == "node0 0 0\n");
  CHECK(client.output(1) == "node1 0 1\n");
  CHECK(client.output(2) == "node0 1 0\n");
  CHECK(client.output(3) == "node1 1 1\n");
}

TEST_CASE("each rank runs its own program of a file of them") {
  RunningJob job(2, 2);
  proto::RunStep step;
  step.set_environment(std::string("PATH=/usr/bin:/bin\0", 19));
  step.set_programs("0 echo first\n1-2 echo second %t %o\n* sh -c 'echo $RANK; exit 4'\n");
  step.set_programs_file("job.conf");
  FakeClient client = job.client();
  CHECK(client.run_to_end(step).exit_code() == 4);
  CHECK(client.output(0) == "first\n");
  CHECK(client.output(2) == "second 2 1\n");
  CHECK(client.output(3) == "3\n");
  step.set_programs("0-2 true\n");
  FakeClient lacking = job.client();
  CHECK(lacking.run_to_end(step).message() ==
        "job.conf has no program for rank 3: add a line for it, or one for *");
}

TEST_CASE("input goes to rank 0 or to every rank or to one or to none as asked") {
  RunningJob job(2);
  struct Case {
    std::uint32_t to;
    std::uint32_t rank;
    std::string first;
    std::string second;
  };
  for (const Case& one : {Case{0, 0, "line\n", ""}, Case{1, 0, "line\n", "line\n"},
                          Case{0, 1, "", "line\n"}, Case{2, 0, "", ""}}) {
    CAPTURE(one.to);
    CAPTURE(one.rank);
    FakeClient client = job.client();
    proto::RunStep step = step_of("cat");
    step.set_input_to(one.to);
    step.set_input_rank(one.rank);
    client.run(step);
    client.input("line\n");
    client.input("");
    CHECK(client.ended().exit_code() == 0);
    CHECK(client.output(0) == one.first);
    CHECK(client.output(1) == one.second);
  }
  proto::RunStep step = step_of("cat");
  step.set_input_rank(2);
  FakeClient client = job.client();
  CHECK(client.run_to_end(step).message() ==
        "--input: there is no rank 2: the step's last is rank 1");
}
