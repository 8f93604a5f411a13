// The real agent and shepherd under a scheduler that the test plays.
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/agent/agent_process.h"
#include "tests/agent/builders.h"
#include "tests/agent/fake_scheduler.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using std::filesystem::exists;

namespace {

const std::vector<std::string> kLikeDgx = {"--like", "dgx-h100"};

// An attempt whose script runs as the test's user in the agent's folder.
Prepare script_job(const AgentProcess& agent, AttemptKey attempt, const std::string& script) {
  Prepare message = prepare(attempt);
  JobRequest request = *message.request;
  request.uid = ::getuid();
  request.gid = ::getgid();
  request.user = "tester";
  request.launch.script_name = "job.sh";
  request.launch.working_directory = agent.folder();
  message.request = std::make_shared<const JobRequest>(std::move(request));
  message.script = "#!/bin/sh\n" + script;
  return message;
}

// Has the attempt prepared and started.
void launch(FakeScheduler& scheduler, const Prepare& job) {
  scheduler.send(job);
  const auto prepared = scheduler.next<Prepared>();
  REQUIRE(prepared);
  CHECK_MESSAGE(prepared->ok, prepared->message);
  CHECK(prepared->key == job.key);
  scheduler.send(Start{job.key, job.epoch, {prepared->address}});
}

// A script that says it runs and then waits for the test's leave.
const std::string kWaits = "touch running; while [ ! -e go ]; do sleep 0.01; done; exit 5\n";

void give_leave(const AgentProcess& agent) { std::ofstream(agent.folder() / "go") << "go"; }

bool runs(const AgentProcess& agent) {
  return wait_until([&] { return exists(agent.folder() / "running"); });
}

}  // namespace

TEST_CASE("an agent that stands for an emulated node says Hello with its shape") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  const auto hello = scheduler.next<Hello>();
  REQUIRE(hello);
  CHECK(hello->node_name == "node001");
  CHECK_FALSE(hello->boot_id.empty());
  CHECK(hello->shape->gpus.size() == 8);
  CHECK(hello->attempts.empty());
}

TEST_CASE("an agent that stands for nothing else says Hello with this machine's shape") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), {});
  const auto hello = scheduler.next<Hello>();
  REQUIRE(hello);
  CHECK(hello->shape->pus() > 0);
  CHECK(hello->shape->memory_mib() > 0);
  CHECK(hello->shape->faults().empty());
}

TEST_CASE("[B59] an emulated node can have fewer GPUs than its machine") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), {"--like", "dgx-h100", "--gpus", "6"});
  const auto hello = scheduler.next<Hello>();
  REQUIRE(hello);
  CHECK(hello->shape->gpus.size() == 6);
  CHECK(hello->shape->faults().empty());
}

TEST_CASE("a job is prepared and started and its end is told until it is forgotten") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), "echo hello > said; exit 3\n"));
  const auto ended = scheduler.next<Ended>();
  REQUIRE(ended);
  CHECK(ended->key == key(1));
  CHECK(ended->exit.cause == EndCause::kExited);
  CHECK(ended->exit.exit_code == 3);
  CHECK(exists(agent.folder() / "said"));
  CHECK(exists(agent.job_folder("1.1")));
  scheduler.send(Forget{key(1), Epoch{1}});
  CHECK(wait_until([&] { return !exists(agent.job_folder("1.1")); }));
}

TEST_CASE("a job that is stopped ends at once and says so") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), kWaits));
  REQUIRE(runs(agent));
  scheduler.send(Stop{key(1), Epoch{1}, Millis{10'000}});
  const auto ended = scheduler.next<Ended>();
  REQUIRE(ended);
  CHECK(ended->exit.cause == EndCause::kStopped);
}

TEST_CASE("kill -9 of the agent leaves its job running and the next agent reports its end") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), kWaits));
  REQUIRE(runs(agent));
  agent.end(SIGKILL);
  SUBCASE("the job ends under the next agent") {
    agent.start();
    const auto hello = scheduler.admit(welcome({key(1)}));
    REQUIRE(hello);
    CHECK(hello->attempts == std::vector<AttemptKey>{key(1)});
    give_leave(agent);
  }
  SUBCASE("the job ends while there is no agent") {
    give_leave(agent);
    REQUIRE(wait_until([&] { return exists(agent.job_folder("1.1") / "ended"); }));
    agent.start();
    REQUIRE(scheduler.admit(welcome({key(1)})));
  }
  SUBCASE("Start comes again and starts nothing twice") {
    agent.start();
    REQUIRE(scheduler.admit(welcome({key(1)})));
    const auto prepared = scheduler.next<Prepared>();
    REQUIRE(prepared);
    std::filesystem::remove(agent.folder() / "running");
    scheduler.send(Start{key(1), Epoch{1}, {prepared->address}});
    give_leave(agent);
  }
  const auto ended = scheduler.next<Ended>();
  REQUIRE(ended);
  CHECK(ended->exit.cause == EndCause::kExited);
  CHECK(ended->exit.exit_code == 5);
}

TEST_CASE("SIGTERM ends the agent at once and not its job") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), kWaits));
  REQUIRE(runs(agent));
  const int status = agent.end(SIGTERM);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_FALSE(exists(agent.job_folder("1.1") / "ended"));
  agent.start();
  REQUIRE(scheduler.admit(welcome({key(1)})));
  give_leave(agent);
  CHECK(scheduler.next<Ended>()->exit.exit_code == 5);
}

TEST_CASE("a shepherd that is killed loses its job whose processes end and the node tells") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  // A grandchild of the shepherd, which outlives it where nobody looks after it.
  launch(scheduler, script_job(agent, key(1), "( " + kWaits + ") & wait\n"));
  REQUIRE(runs(agent));
  const std::string shepherd =
      std::string("usine-shepherd") + '\0' + agent.job_folder("1.1").string();
  const auto kill_shepherd = [&] {
    for (const pid_t pid : processes_with(shepherd)) ::kill(pid, SIGKILL);
  };
  SUBCASE("under the agent") { kill_shepherd(); }
  SUBCASE("while the agent is away") {
    agent.end(SIGKILL);
    kill_shepherd();
    agent.start();
    REQUIRE(scheduler.admit(welcome({key(1)})));
  }
  const auto ended = scheduler.next<Ended>();
  REQUIRE(ended);
  CHECK(ended->exit.cause == EndCause::kLost);
  CHECK(processes_with(agent.job_folder("1.1") / "script").empty());
}

TEST_CASE("[B94] an end while the scheduler is away is delivered once it is back") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), kWaits));
  REQUIRE(runs(agent));
  scheduler.stop();
  give_leave(agent);
  REQUIRE(wait_until([&] { return exists(agent.job_folder("1.1") / "ended"); }));
  scheduler.start();
  const auto hello = scheduler.admit(welcome({key(1)}, 2));
  REQUIRE(hello);
  CHECK(hello->attempts == std::vector<AttemptKey>{key(1)});
  const auto ended = scheduler.next<Ended>();
  REQUIRE(ended);
  CHECK(ended->exit.exit_code == 5);
}

TEST_CASE("[B93] jobs that the scheduler has given up are ended before the node joins") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), kWaits));
  REQUIRE(runs(agent));
  agent.end(SIGKILL);
  agent.start();
  REQUIRE(scheduler.admit(welcome()));
  const auto clean = scheduler.next<Hello>();
  REQUIRE(clean);
  CHECK(clean->attempts.empty());
  CHECK_FALSE(exists(agent.job_folder("1.1")));
  CHECK(wait_until([&] { return processes_with(agent.job_folder("1.1")).empty(); }));
}

TEST_CASE("[B45] a node that cannot write its job folders says that it is to blame") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  const auto jobs = agent.job_folder("1.1").parent_path();
  std::filesystem::remove(jobs);
  std::ofstream(jobs) << "a file where the folder was";
  scheduler.send(script_job(agent, key(1), ""));
  const auto prepared = scheduler.next<Prepared>();
  REQUIRE(prepared);
  CHECK_FALSE(prepared->ok);
  CHECK(prepared->node_fault);
  CHECK(prepared->message.find("1.1") != std::string::npos);
}

TEST_CASE("a node stays with its cluster over restarts") {
  FakeScheduler scheduler(AgentProcess::kSecret);
  AgentProcess agent(scheduler.address(), kLikeDgx);
  REQUIRE(scheduler.admit(welcome()));
  REQUIRE(wait_until([&] { return exists(agent.folder() / "state" / "cluster"); }));
  agent.end(SIGKILL);
  agent.start();
  Welcome other = welcome();
  other.cluster_uuid = "cluster-b";
  const auto hello = scheduler.admit(other);
  REQUIRE(hello);
  CHECK(hello->cluster_uuid == "cluster-a");
  // It leaves, and asks again later.
  CHECK(scheduler.admit(welcome()));
  launch(scheduler, script_job(agent, key(1), "exit 0\n"));
  CHECK(scheduler.next<Ended>()->exit.succeeded());
}
