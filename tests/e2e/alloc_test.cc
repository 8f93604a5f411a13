// `usine alloc`: a shell here whose steps run on the nodes of a job that lasts as long as it.
#include <csignal>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/terminal_program.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::ProgramResult;
using usine::test::TerminalCall;
using usine::test::TerminalProgram;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

const std::string kUsine = std::string(USINE_BIN_DIR) + "/usine";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// At a terminal, with a folder of the test's own for what must not be left.
TerminalCall call_of(const TestCluster& cluster, std::vector<std::string> words) {
  words.insert(words.begin(), kUsine);
  std::filesystem::create_directory(cluster.work_folder() + "/tmp");
  return {.argv = std::move(words),
          .folder = cluster.work_folder(),
          .environment = {{"USINE_STATE", cluster.state_folder()},
                          {"PATH", std::string(USINE_BIN_DIR) + ":/usr/bin:/bin"},
                          {"TMPDIR", cluster.work_folder() + "/tmp"},
                          {"XDG_RUNTIME_DIR", ""},
                          {"SHELL", "/bin/sh"},
                          {"TERM", "dumb"},
                          {"PS1", "$ "},
                          {"ENV", ""}}};
}

std::string exit_of(const TestCluster& cluster, const std::string& job) {
  const Json detail = cluster.usine_json({"show", "job", job});
  return detail.is_object() ? detail["exit"].dump() : "";
}

}  // namespace

TEST_CASE("a shell with nodes of its own makes steps on them and its end is the job's") {
  const TestCluster cluster({.nodes = 2});
  TerminalProgram user(call_of(cluster, {"alloc", "-N2"}));
  REQUIRE(user.shows("job 1 has node[001-002] (2 nodes)"));
  // What is typed before the prompt may go to what ran before, and with it.
  const auto type = [&user](const std::string& line) {
    REQUIRE(user.shows("$ "));
    user.type(line);
  };
  type("usine run sh -c 'echo $SLURMD_NODENAME of $SLURM_JOB_ID' | sort\r");
  CHECK(user.shows("\nnode001 of 1\r\nnode002 of 1"));
  type("echo $SLURM_NNODES nodes, tasks: $SLURM_NTASKS\r");
  CHECK(user.shows("\n2 nodes, tasks: 2"));
  type("usine run -N1 --pty sh -c 'tty >/dev/null && echo on $SLURMD_NODENAME'\r");
  CHECK(user.shows("\non node001"));
  // The key lies where only its owner may look, and in no environment.
  type("stat -c %a:%A $USINE_SHEPHERD $(dirname $USINE_SHEPHERD)\r");
  CHECK(user.shows("\n600:-rw-------\r\n700:drwx------"));
  type("env | grep -c -F \"$(tail -n 1 $USINE_SHEPHERD)\"\r");
  CHECK(user.shows("\n0\r\n"));
  type("usine alloc\r");
  CHECK(user.shows("this is inside job 1 already"));
  type("exit 3\r");
  CHECK(user.wait() == 3);
  CHECK(cluster.reaches(1, "failed"));
  CHECK(std::filesystem::is_empty(cluster.work_folder() + "/tmp"));
}

TEST_CASE("a command in place of the shell ends the job as it ends") {
  const TestCluster cluster({.nodes = 1});
  const ProgramResult fine =
      cluster.usine({"alloc", "--", "sh", "-c", "echo job $SLURM_JOB_ID; cat"}, "typed\n");
  CHECK(fine.status == 0);
  CHECK(fine.out == "job 1\ntyped\n");
  CHECK(contains(fine.err, "usine: job 1 is queued\nusine: job 1 has node001 (1 node)\n"));
  CHECK(cluster.reaches(1, "completed"));
  const ProgramResult killed = cluster.usine({"alloc", "sh", "-c", "kill -USR1 $$"});
  CHECK(killed.status == 128 + SIGUSR1);
  CHECK(cluster.reaches(2, "failed"));
  CHECK(contains(exit_of(cluster, "2"), std::to_string(SIGUSR1)));
  const ProgramResult unknown = cluster.usine({"alloc", "no-such-command"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "no-such-command"));
  CHECK(cluster.reaches(3, "cancelled"));
  const ProgramResult refused = cluster.usine({"alloc", "--no-shell"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "--no-shell"));
  const ProgramResult again = cluster.usine({"alloc", "--requeue", "true"});
  CHECK(again.status == 2);
  CHECK(contains(again.err, "--requeue is not for this command"));
}

TEST_CASE("a shell is told in a line and hung up on when its job is cancelled or out of time") {
  const TestCluster cluster({.nodes = 1});
  TerminalProgram user(call_of(cluster, {"alloc"}));
  REQUIRE(user.shows("$ "));
  REQUIRE(cluster.usine({"cancel", "1"}).status == 0);
  CHECK(user.shows("usine: job 1 is being ended"));
  CHECK(user.shows("usine: job 1 ended as cancelled"));
  CHECK(user.wait() == 1);
  CHECK(user.is_restored());
}

TEST_CASE("an allocation does not outlive a client that is killed and neither does its shell") {
  const TestCluster cluster({.nodes = 1});
  TerminalProgram user(call_of(cluster, {"alloc", "sh", "-c", "echo $$ > shell; sleep 1000"}));
  REQUIRE(wait_until([&] { return !cluster.read("shell").empty(); }));
  const pid_t shell = std::stoi(cluster.read("shell"));
  user.signal(SIGKILL);
  CHECK(user.wait() == 128 + SIGKILL);
  CHECK(cluster.reaches(1, "failed"));
  CHECK(contains(cluster.usine({"show", "job", "1"}).out, "the job's client has gone"));
  CHECK(wait_until([shell] { return kill(shell, 0) != 0; }));
}

TEST_CASE("Ctrl-C while an allocation waits for nodes cancels it") {
  const TestCluster cluster({.nodes = 1});
  REQUIRE(cluster.submit({"--exclusive", "--wrap", "sleep 1000"}) == 1);
  REQUIRE(cluster.reaches(1, "running"));
  TerminalProgram user(call_of(cluster, {"alloc", "--exclusive"}));
  REQUIRE(user.shows("job 2 is queued"));
  user.type("\x03");
  CHECK(user.wait() == 130);
  CHECK(cluster.reaches(2, "cancelled"));
}

TEST_CASE("attach refuses a job that has a terminal instead of an output file") {
  const TestCluster cluster({.nodes = 1});
  TerminalProgram user(call_of(cluster, {"alloc"}));
  REQUIRE(user.shows("$ "));
  const ProgramResult attached = cluster.usine({"attach", "1"});
  CHECK(attached.status == 2);
  CHECK(contains(attached.err, "job 1 has no output file to show"));
  user.type("exit\r");
  CHECK(user.wait() == 0);
  CHECK(cluster.reaches(1, "completed"));
}
