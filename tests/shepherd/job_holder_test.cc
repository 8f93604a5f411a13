// A job that a client holds from elsewhere, as `usine alloc` does, and steps that come and go in
// it.
#include <csignal>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "model/job_state.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

proto::JobSpec interactive_job() {
  proto::JobSpec spec = job_spec("", 1);
  spec.set_interactive(true);
  return spec;
}

proto::ShepherdMessage hold() {
  proto::ShepherdMessage message;
  message.mutable_hold_job();
  return message;
}

proto::ShepherdMessage release(int exit_code, int signal) {
  proto::ShepherdMessage message;
  message.mutable_release_job()->set_exit_code(exit_code);
  message.mutable_release_job()->set_signal(signal);
  return message;
}

}  // namespace

TEST_CASE("a held job takes step after step and ends as its client says") {
  const TempFolder folder;
  FakeAgent agent(folder, interactive_job());
  FakeClient holder(agent.ready().address(), "secret");
  holder.send(hold());  // also where it comes before the start
  agent.start();
  const proto::ShepherdMessage held = holder.next_message();
  REQUIRE(held.has_job_held());
  const std::string environment = std::string(1, '\0') + held.job_held().environment();
  const auto sees = [&environment](const std::string& entry) {
    return environment.find('\0' + entry) != std::string::npos;
  };
  CHECK(sees(std::string("SLURM_JOB_NODELIST=node0\0", 25)));
  CHECK(sees("SLURM_NTASKS=1"));
  CHECK(sees("USINE_JOB_ID="));
  for (const char* const of_the_node : {"USINE_SHEPHERD=", "TMPDIR=", "CUDA_VISIBLE_DEVICES=",
                                        "SLURMD_NODENAME=", "SLURM_PROCID="}) {
    CHECK_MESSAGE(!sees(of_the_node), of_the_node);
  }
  for (const int status : {0, 3}) {
    FakeClient step(agent.address(), "secret");
    CHECK(step.run_to_end(step_of("exit " + std::to_string(status))).exit_code() == status);
  }
  holder.send(release(5, 0));
  const proto::EndRecord record = agent.ended();
  CHECK(record.cause() == static_cast<std::uint32_t>(EndCause::kExited));
  CHECK(record.exit_code() == 5);
  CHECK(record.signal() == 0);
}

TEST_CASE("a held job ends with its client's connection and its steps with it") {
  const TempFolder folder;
  FakeAgent agent(folder, interactive_job());
  FakeClient holder(agent.ready().address(), "secret");
  agent.start();
  holder.send(hold());
  REQUIRE(holder.next_message().has_job_held());
  FakeClient step(agent.address(), "secret");
  step.run(step_of("trap '' TERM HUP; echo $$ > pid; sleep 1000"));
  const pid_t task = std::stoi(content_of(folder / "pid"));
  holder.leave();
  step.leave();
  const proto::EndRecord record = agent.ended();
  CHECK(record.signal() == SIGHUP);
  CHECK(record.message() == "the job's client has gone");
  CHECK(wait_until([task] { return !process_lives(task); }));
}

TEST_CASE("a held job whose client has gone before the start ends at its start") {
  const TempFolder folder;
  FakeAgent agent(folder, interactive_job());
  FakeClient holder(agent.ready().address(), "secret");
  holder.send(hold());
  // The shepherd has it once it answers somebody who came later.
  FakeClient second(agent.address(), "secret");
  second.send(hold());
  CHECK(second.next_message().refused().message() == "the job has a client already");
  holder.leave();
  agent.start();
  CHECK(agent.ended().signal() == SIGHUP);
}

TEST_CASE("the client of a held job is told when others end it") {
  const TempFolder folder;
  FakeAgent agent(folder, interactive_job());
  FakeClient holder(agent.ready().address(), "secret");
  agent.start();
  holder.send(hold());
  REQUIRE(holder.next_message().has_job_held());
  agent.stop(60'000);
  CHECK(holder.next_message().has_job_ending());
  CHECK(agent.ended().cause() == static_cast<std::uint32_t>(EndCause::kStopped));
}

TEST_CASE("a batch job is held by nobody") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("until [ -e done ]; do sleep 0.02; done"));
  FakeClient holder(agent.ready().address(), "secret");
  agent.start();
  holder.send(hold());
  CHECK(holder.next_message().refused().message() ==
        "only an interactive job is held by a client, on its first node");
}
