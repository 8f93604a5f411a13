// `usine run --pty` as a person at a terminal meets it: real terminals at both ends.
#include <csignal>
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/terminal_program.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::ProgramResult;
using usine::test::TerminalCall;
using usine::test::TerminalProgram;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

const std::string kUsine = std::string(USINE_BIN_DIR) + "/usine";

TerminalCall call_of(const TestCluster& cluster, std::vector<std::string> words) {
  words.insert(words.begin(), kUsine);
  return {
      .argv = std::move(words),
      .folder = cluster.work_folder(),
      .environment = {
          {"USINE_STATE", cluster.state_folder()}, {"TERM", "dumb"}, {"PS1", "$ "}, {"ENV", ""}}};
}

}  // namespace

TEST_CASE("a shell on a terminal elsewhere behaves as one here and leaves the terminal as it was") {
  const TestCluster cluster({.nodes = 1});
  TerminalProgram user(call_of(cluster, {"run", "--pty", "bash", "--norc"}));
  REQUIRE(user.shows("$ "));
  CHECK(user.is_raw());
  user.type("echo $SLURMD_NODENAME; stty size\r");
  CHECK(user.shows("node001\r\n24 80\r\n"));
  // The window is followed before what is typed afterwards is read.
  user.resize(40, 100);
  user.type(
      "until [ \"$(stty size)\" = '40 100' ]; do sleep 0.02; done; echo followed | tr a-z A-Z\r");
  CHECK(user.shows("FOLLOWED"));
  user.type("sh -c 'trap \"echo goes on\" CONT; echo u\"\"p; while :; do sleep 0.02; done'\r");
  REQUIRE(user.shows("\nup"));
  user.type("\x1a");  // Ctrl-Z
  REQUIRE(user.shows("Stopped"));
  REQUIRE(user.shows("$ "));
  user.type("fg\r");
  REQUIRE(user.shows("\ngoes on"));
  user.type("\x03");
  REQUIRE(user.shows("$ "));
  user.type("echo status $?\r");
  CHECK(user.shows("status 130"));
  user.type("(exit 7)\r");
  REQUIRE(user.shows("$ "));
  user.type("\x04");
  CHECK(user.wait() == 7);
  CHECK(user.is_restored());
  CHECK(cluster.reaches(1, "failed"));
}

TEST_CASE("a terminal is as it was after a signal ended the client of a remote one") {
  const TestCluster cluster({.nodes = 1});
  for (const int signal : {SIGTERM, SIGHUP}) {
    TerminalProgram user(call_of(cluster, {"run", "--pty", "sh", "-c", "echo up; sleep 1000"}));
    REQUIRE(user.shows("up"));
    REQUIRE(user.is_raw());
    user.signal(signal);
    CHECK(user.wait() == 128 + signal);
    CHECK(user.is_restored());
  }
}

TEST_CASE("a client that is stopped gives its terminal back until it goes on") {
  const TestCluster cluster({.nodes = 1});
  TerminalProgram user(call_of(cluster, {"run", "--pty", "sh", "-c", "echo up; read x; exit 3"}));
  REQUIRE(user.shows("up"));
  user.signal(SIGTSTP);
  CHECK(wait_until([&user] { return user.is_restored(); }));
  user.signal(SIGCONT);
  CHECK(wait_until([&user] { return user.is_raw(); }));
  user.type("\r");
  CHECK(user.wait() == 3);
}

TEST_CASE("a terminal is as it was when the job is cancelled under it") {
  const TestCluster cluster({.nodes = 1, .timings = "kill_wait_s: 1"});
  TerminalProgram user(call_of(cluster, {"run", "--pty", "sh", "-c", "echo up; sleep 1000"}));
  REQUIRE(user.shows("up"));
  REQUIRE(cluster.usine({"cancel", "1"}).status == 0);
  CHECK(user.wait() != 0);
  CHECK(user.is_restored());
}

TEST_CASE("without a terminal here the remote one is typed what comes in") {
  const TestCluster cluster({.nodes = 1});
  const ProgramResult result = cluster.usine(
      {"run", "--pty", "sh", "-c", "stty size; read a; echo got $a; cat"}, "one\ntwo\n");
  CHECK(result.status == 0);
  CHECK(result.out.find("24 80\r\n") != std::string::npos);
  CHECK(result.out.find("got one\r\n") != std::string::npos);
  const ProgramResult labelled = cluster.usine({"run", "--pty", "--label", "true"});
  CHECK(labelled.status == 2);
  CHECK(labelled.err.find("--label and --pty contradict each other") != std::string::npos);
}
