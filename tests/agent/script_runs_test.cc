// The site's prolog and epilog as real processes, under the real agent.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/agent/agent_process.h"
#include "tests/agent/builders.h"
#include "tests/agent/fake_scheduler.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using std::filesystem::exists;

namespace {

// The site's scripts in a folder of their own, and an agent that has them.
class Site {
 public:
  Site(const std::string& prolog, const std::string& epilog, const std::string& limit = "30")
      : agent(scheduler.address(),
              {"--like", "dgx-h100", "--prolog", write("prolog", prolog), "--epilog",
               write("epilog", epilog), "--prolog-limit", limit, "--epilog-limit", limit}) {
    hello = *scheduler.admit(welcome());
  }

  [[nodiscard]] std::filesystem::path path(const std::string& name) const {
    return folder_.path() / name;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    return os::read_file(path(name)).value_or("");
  }
  void touch(const std::string& name) const { std::ofstream(path(name)) << "x"; }

 private:
  // `$here` is the site's folder.
  std::string write(const std::string& name, const std::string& text) {
    const std::string file = path(name);
    std::ofstream(file) << "#!/bin/sh\nexport here=" << folder_.path().string() << "\n" << text;
    std::filesystem::permissions(file, std::filesystem::perms(0755));
    return file;
  }

  TempFolder folder_;

 public:
  FakeScheduler scheduler{AgentProcess::kSecret};
  AgentProcess agent;
  Hello hello;
};

Prepare job_for(const Site& site, AttemptKey attempt, const std::string& script) {
  Prepare message = prepare(attempt);
  JobRequest request = *message.request;
  request.uid = ::getuid();
  request.gid = ::getgid();
  request.user = "tester";
  request.launch.script_name = "job.sh";
  request.launch.working_directory = site.agent.folder();
  message.request = std::make_shared<const JobRequest>(std::move(request));
  JobNode node = message.nodes[0];
  node.gpus.insert(2);
  node.gpus.insert(5);
  message.nodes = JobNodes({node});
  message.script = "#!/bin/sh\n" + script;
  return message;
}

void start(Site& site, const Prepare& job) {
  site.scheduler.send(job);
  const auto prepared = site.scheduler.next<Prepared>();
  REQUIRE(prepared);
  REQUIRE_MESSAGE(prepared->ok, prepared->message);
  site.scheduler.send(Start{job.key, job.epoch, {prepared->address}});
}

const std::string kWaits = "while [ ! -e $here/go ]; do sleep 0.01; done\n";

}  // namespace

TEST_CASE("[B45] prolog and epilog run around the job with its names and its GPUs") {
  Site site("env | sort > $here/prolog.env\n",
            "env > $here/epilog.env\n[ -e $here/prolog.env ] && echo ok > $here/done\n");
  CHECK(site.hello.prolog_limit == Millis{30'000});
  start(site, job_for(site, key(7, 2), "exit 5\n"));
  const auto first = site.scheduler.next<Ended>();
  REQUIRE(first);
  CHECK(first->epilog.runs);
  CHECK(first->exit.exit_code == 5);
  const auto last = site.scheduler.next<Ended>();
  REQUIRE(last);
  CHECK_FALSE(last->epilog.runs);
  CHECK(last->epilog.failure.empty());
  CHECK(last->exit.exit_code == 5);
  CHECK(site.read("done") == "ok\n");
  const std::string seen = site.read("prolog.env");
  for (const char* entry : {"USINE_JOB_ID=7\n", "SLURM_JOB_ID=7\n", "USINE_JOB_ATTEMPT=2\n",
                            "USINE_JOB_USER=tester\n", "USINE_NODE=node001\n",
                            "CUDA_VISIBLE_DEVICES=2,5\n", "SLURM_SCRIPT_CONTEXT=prolog_slurmd\n"}) {
    CHECK_MESSAGE(seen.find(entry) != std::string::npos, entry);
  }
  CHECK(seen.find("USINE_JOB_UID=" + std::to_string(::getuid()) + '\n') != std::string::npos);
  CHECK(site.read("epilog.env").find("SLURM_SCRIPT_CONTEXT=epilog_slurmd") != std::string::npos);
}

TEST_CASE("[B45] a prolog that fails says how and what it said last and its epilog runs") {
  Site site("echo checking; echo 'no scratch on node' >&2; exit 3\n", "touch $here/undone\n");
  site.scheduler.send(job_for(site, key(1), "touch ran\n"));
  const auto refused = site.scheduler.next<Prepared>();
  REQUIRE(refused);
  CHECK_FALSE(refused->ok);
  CHECK(refused->node_fault);
  CHECK(refused->prolog_failed);
  CHECK(refused->epilog.runs);
  CHECK(refused->message == "prolog exited with 3: no scratch on node");
  const auto last = site.scheduler.next<Prepared>();
  REQUIRE(last);
  CHECK_FALSE(last->epilog.runs);
  CHECK(exists(site.path("undone")));
  CHECK_FALSE(exists(site.agent.folder() / "ran"));
}

TEST_CASE("[B45] a script that hangs is killed at its limit with all that it has started") {
  Site site("",
            "echo waiting for the file server\n(setsid sh -c 'echo $$ > $here/hidden; exec "
            "sleep 600') &\nsleep 600\n",
            "1");
  start(site, job_for(site, key(1), "true\n"));
  REQUIRE(site.scheduler.next<Ended>());
  const auto last = site.scheduler.next<Ended>();
  REQUIRE(last);
  CHECK(last->epilog.failure == "epilog did not end within 00:00:01: waiting for the file server");
  CHECK(last->exit.succeeded());
  const pid_t hidden = std::stoi(site.read("hidden"));
  CHECK(wait_until([&] { return ::kill(hidden, 0) != 0; }));
}

TEST_CASE("[B45] output without end neither stops a script nor fills the agent's memory") {
  Site site("yes | head -c 20000000\nexit 1\n", "");
  site.scheduler.send(job_for(site, key(1), "true\n"));
  const auto refused = site.scheduler.next<Prepared>();
  REQUIRE(refused);
  CHECK(refused->message == "prolog exited with 1: y");
}

TEST_CASE("[B45] kill -9 of the agent in the middle of an epilog has it run again and once") {
  Site site("", "echo $$ >> $here/epilogs\n" + kWaits + "echo $$ >> $here/ended\n");
  start(site, job_for(site, key(1), "exit 4\n"));
  REQUIRE(site.scheduler.next<Ended>());
  REQUIRE(wait_until([&] { return !site.read("epilogs").empty(); }));
  site.agent.end(SIGKILL);
  site.agent.start();
  const auto hello = site.scheduler.admit(welcome({key(1)}));
  REQUIRE(hello);
  CHECK(hello->attempts.size() == 1);
  const auto again = site.scheduler.next<Ended>();
  REQUIRE(again);
  CHECK(again->epilog.runs);
  REQUIRE(wait_until([&] {
    const std::string runs = site.read("epilogs");
    return std::ranges::count(runs, '\n') == 2;
  }));
  site.touch("go");
  const auto last = site.scheduler.next<Ended>();
  REQUIRE(last);
  CHECK_FALSE(last->epilog.runs);
  CHECK(last->exit.exit_code == 4);
  const std::string ended = site.read("ended");
  CHECK(std::ranges::count(ended, '\n') == 1);  // the first run was ended before the second began
}

TEST_CASE("[B45] kill -9 of the agent in the middle of a prolog has it run again and the job run") {
  Site site("echo $$ >> $here/prologs\n" + kWaits, "");
  site.scheduler.send(job_for(site, key(1), "exit 4\n"));
  REQUIRE(wait_until([&] { return !site.read("prologs").empty(); }));
  site.agent.end(SIGKILL);
  site.agent.start();
  REQUIRE(site.scheduler.admit(welcome({key(1)})));
  REQUIRE(wait_until([&] {
    const std::string runs = site.read("prologs");
    return std::ranges::count(runs, '\n') == 2;
  }));
  site.touch("go");
  const auto prepared = site.scheduler.next<Prepared>();
  REQUIRE(prepared);
  REQUIRE_MESSAGE(prepared->ok, prepared->message);
  site.scheduler.send(Start{key(1), Epoch{1}, {prepared->address}});
  REQUIRE(site.scheduler.next<Ended>());
  const auto last = site.scheduler.next<Ended>();
  REQUIRE(last);
  CHECK(last->exit.exit_code == 4);
}
