// The batch script on one node, seen from the agent that started its shepherd.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

EndCause cause_of(const proto::EndRecord& record) { return static_cast<EndCause>(record.cause()); }

proto::EndRecord run_to_end(FakeAgent& agent) {
  agent.ready();
  agent.start();
  return agent.ended();
}

}  // namespace

TEST_CASE("a batch script that succeeds ends with its output in its file and a record on disk") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("echo hello"));
  const proto::EndRecord record = run_to_end(agent);
  CHECK(cause_of(record) == EndCause::kExited);
  CHECK(record.exit_code() == 0);
  CHECK(record.job() == 1234);
  CHECK(record.attempt() == 1);
  CHECK(record.peak_memory_mib() > 0);
  CHECK(content_of(folder / "usine-1234.out") == "hello\n");

  REQUIRE(wait_until([&] { return !process_lives(agent.pid()); }));
  proto::EndRecord on_disk;
  REQUIRE(on_disk.ParseFromString(content_of(agent.job_folder() + "/ended")));
  CHECK(on_disk.SerializeAsString() == record.SerializeAsString());
  CHECK(!std::filesystem::exists(agent.job_folder() + "/tmp"));
}

TEST_CASE("a batch script's exit code and signal are its job's") {
  const TempFolder folder;
  {
    FakeAgent agent(folder, job_spec("exit 7"));
    const proto::EndRecord record = run_to_end(agent);
    CHECK(cause_of(record) == EndCause::kExited);
    CHECK(record.exit_code() == 7);
    CHECK(record.signal() == 0);
  }
  const TempFolder other;
  FakeAgent agent(other, job_spec("kill -SEGV $$"));
  const proto::EndRecord record = run_to_end(agent);
  CHECK(cause_of(record) == EndCause::kExited);
  CHECK(record.signal() == SIGSEGV);
}

TEST_CASE("[B37] a stopped job gets TERM and its trap handler the grace") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("trap 'echo saved > saved; exit 3' TERM\n"
                                   "echo up > up; while :; do sleep 0.02; done"));
  agent.ready();
  agent.start();
  REQUIRE(content_of(folder / "up") == "up\n");
  agent.stop(60'000);
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kStopped);
  CHECK(record.exit_code() == 3);
  CHECK(content_of(folder / "saved") == "saved\n");
}

TEST_CASE("[B37] a stopped job that ignores TERM is killed after the grace") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("trap '' TERM; echo up > up; while :; do sleep 0.02; done"));
  agent.ready();
  agent.start();
  REQUIRE(content_of(folder / "up") == "up\n");
  agent.stop(100);
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kStopped);
  CHECK(record.signal() == SIGKILL);
  CHECK(record.elapsed_ms() >= 100);
}

TEST_CASE("processes that left by forking twice are gone when the job has ended") {
  const TempFolder folder;
  FakeAgent agent(folder,
                  job_spec("(setsid sh -c 'trap \"\" TERM; echo $$ > daemon; sleep 1000' &)\n"
                           "until [ -s daemon ]; do sleep 0.02; done"));
  const proto::EndRecord record = run_to_end(agent);
  CHECK(cause_of(record) == EndCause::kExited);
  CHECK(record.exit_code() == 0);
  const pid_t daemon = std::stoi(content_of(folder / "daemon"));
  CHECK(!process_lives(daemon));
}

TEST_CASE("a job is stopped before it was started and says so") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("echo never"));
  agent.ready();
  agent.stop(1000);
  CHECK(cause_of(agent.ended()) == EndCause::kStopped);
  CHECK(!std::filesystem::exists(folder / "usine-1234.out"));
}

TEST_CASE("an agent that comes back finds its shepherd ready and hears of the end") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("until [ -e go ]; do sleep 0.02; done; exit 5"));
  const proto::ShepherdReady before = agent.ready();
  agent.start();
  agent.disconnect();
  agent.reconnect();
  const proto::ShepherdReady after = agent.ready();
  CHECK(after.SerializeAsString() == before.SerializeAsString());
  proto::ShepherdReady on_disk;
  REQUIRE(on_disk.ParseFromString(content_of(agent.job_folder() + "/ready")));
  CHECK(on_disk.SerializeAsString() == before.SerializeAsString());
  agent.start();  // the same command twice does nothing twice
  REQUIRE(os::write_file(folder / "go", "now"));
  CHECK(agent.ended().exit_code() == 5);
}

TEST_CASE("a job ends although no agent is there and leaves its record") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("until [ -e go ]; do sleep 0.02; done; exit 6"));
  agent.ready();
  agent.start();
  agent.disconnect();
  REQUIRE(os::write_file(folder / "go", "now"));
  REQUIRE(wait_until([&] { return !process_lives(agent.pid()); }));
  proto::EndRecord record;
  REQUIRE(record.ParseFromString(content_of(agent.job_folder() + "/ended")));
  CHECK(record.exit_code() == 6);
}

TEST_CASE("[B8] output patterns name the job's files and errors go apart when asked") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec("echo out; echo err >&2");
  spec.set_output("%x-%j-%N-%t.out");
  spec.set_error("%u.%A.err");
  FakeAgent agent(folder, spec);
  CHECK(run_to_end(agent).exit_code() == 0);
  CHECK(content_of(folder / "test-job-1234-node0-0.out") == "out\n");
  CHECK(content_of(folder / "tester.1234.err") == "err\n");
}

TEST_CASE("[B8] output is appended when asked and replaced otherwise") {
  for (const bool append : {false, true}) {
    const TempFolder folder;
    REQUIRE(os::write_file(folder / "log", "before\n"));
    proto::JobSpec spec = job_spec("echo after");
    spec.set_output("log");
    spec.set_open_mode(append ? 1 : 0);
    FakeAgent agent(folder, spec);
    CHECK(run_to_end(agent).exit_code() == 0);
    CHECK(content_of(folder / "log") == (append ? "before\nafter\n" : "after\n"));
  }
}

TEST_CASE("[B9] umask and limits and working directory and environment reach the job") {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "work");
  proto::JobSpec spec = job_spec("umask; ulimit -S -c; ulimit -S -n; pwd; echo $FLAVOUR $1 $2");
  spec.set_umask(027);
  spec.set_working_directory(folder / "work");
  spec.set_environment(std::string("PATH=/usr/bin:/bin\0FLAVOUR=sweet\0", 33));
  spec.add_arguments("one");
  spec.add_arguments("two words");
  proto::SpecLimit& core = *spec.add_limits();
  core.set_resource(RLIMIT_CORE);
  core.set_soft(0);
  proto::SpecLimit& files = *spec.add_limits();
  files.set_resource(RLIMIT_NOFILE);
  files.set_soft(123);
  FakeAgent agent(folder, spec);
  CHECK(run_to_end(agent).exit_code() == 0);
  const std::string output = content_of(folder / "work/usine-1234.out");
  CHECK(output == "0027\n0\n123\n" + (folder / "work").string() + "\nsweet one two words\n");
}

TEST_CASE("the names that frameworks read are in a batch script's environment") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec(
      "echo $SLURM_JOB_ID $SLURM_JOB_NODELIST $SLURM_NNODES $SLURM_NTASKS $CUDA_VISIBLE_DEVICES "
      "$MASTER_ADDR; [ $MASTER_PORT -gt 1024 ] && [ -S $USINE_SHEPHERD ] && [ -d $TMPDIR ]",
      1);
  spec.mutable_nodes(0)->add_gpus(2);
  spec.mutable_nodes(0)->add_gpus(5);
  FakeAgent agent(folder, spec);
  CHECK(run_to_end(agent).exit_code() == 0);
  CHECK(content_of(folder / "usine-1234.out") == "1234 node0 1 1 2,5 127.0.0.1\n");
}

TEST_CASE("a job's own faults are refused in one line and are not the node's") {
  struct Fault {
    std::string name;
    std::function<void(proto::JobSpec&)> make;
    std::string expected;
  };
  const std::vector<Fault> faults = {
      {"folder", [](proto::JobSpec& spec) { spec.set_working_directory("/nowhere/at/all"); },
       "cannot change to the working directory '/nowhere/at/all': No such file or directory on "
       "node0"},
      {"output", [](proto::JobSpec& spec) { spec.set_output("/nowhere/x.out"); },
       "cannot open the output file '/nowhere/x.out': No such file or directory on node0"},
      {"interpreter", [](proto::JobSpec& spec) { spec.set_script("#!/bin/nosuchshell\n"); },
       "the interpreter '/bin/nosuchshell' of the script's first line does not exist on node0"},
      {"shebang", [](proto::JobSpec& spec) { spec.set_script("echo hello\n"); },
       "the script's first line must name its interpreter, as '#!/bin/bash' does"}};
  for (const Fault& fault : faults) {
    INFO(fault.name);
    const TempFolder folder;
    proto::JobSpec spec = job_spec("echo hello");
    fault.make(spec);
    FakeAgent agent(folder, spec);
    const proto::EndRecord record = run_to_end(agent);
    CHECK(cause_of(record) == EndCause::kLaunchRefused);
    CHECK(record.message() == fault.expected);
  }
}

TEST_CASE("[B45] a job folder that cannot be used is the node's fault") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec("echo hello");
  spec.set_listen_host("203.0.113.7");  // an address that no machine of ours has
  FakeAgent agent(folder, spec);
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kNodeFault);
  CHECK(record.message().find("binding to 203.0.113.7") != std::string::npos);
}

TEST_CASE("[B45] an end record that the disk does not take is written once it does") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("exit 4"));
  agent.ready();
  // A folder in the way of the file that becomes the record.
  std::filesystem::create_directory(agent.job_folder() + "/ended.new");
  agent.start();
  REQUIRE(wait_until([&] { return !std::filesystem::exists(agent.job_folder() + "/tmp"); }));
  std::filesystem::remove(agent.job_folder() + "/ended.new");
  CHECK(agent.ended().exit_code() == 4);
  CHECK(std::filesystem::exists(agent.job_folder() + "/ended"));
}
