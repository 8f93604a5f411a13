// Steps whose first rank has a terminal, as a client that has one itself asks for them.
#include <csignal>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/shepherd/fake_client.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

proto::RunStep terminal_step(const std::string& script, std::uint32_t tasks = 1) {
  proto::RunStep step = step_of(script, tasks);
  step.mutable_terminal()->set_rows(24);
  step.mutable_terminal()->set_columns(80);
  return step;
}

}  // namespace

TEST_CASE("a terminal is all three streams of rank 0 and its controlling terminal") {
  RunningJob job(1);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(
      terminal_step("[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size && echo mine > /dev/tty && "
                    "echo failing >&2; exit 4"));
  CHECK(ended.exit_code() == 4);
  CHECK(client.output(0) == "24 80\r\nmine\r\nfailing\r\n");
  CHECK(client.errors(0).empty());
}

TEST_CASE("a terminal has the size of its client's also after that has changed") {
  RunningJob job(1);
  FakeClient client = job.client();
  client.run(
      terminal_step("trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.02; done"));
  client.wait_output(0, "up");
  client.resize(50, 132);
  CHECK(client.ended().exit_code() == 0);
  CHECK(client.output(0) == "up\r\n50 132\r\n");
}

TEST_CASE("what is typed on a terminal is echoed and Ctrl-C is a signal there") {
  RunningJob job(1);
  FakeClient client = job.client();
  client.run(
      terminal_step("trap 'echo stopped; exit 3' INT; read line; echo got $line; "
                    "while :; do sleep 0.02; done"));
  client.input("words\r");
  client.wait_output(0, "got words");
  client.input("\x03");
  CHECK(client.ended().exit_code() == 3);
  CHECK(client.output(0) == "words\r\ngot words\r\n^Cstopped\r\n");
}

TEST_CASE("the end of a client's input is typed on its terminal") {
  RunningJob job(1);
  FakeClient client = job.client();
  client.run(terminal_step("stty -echo; echo up; cat; echo over"));
  client.wait_output(0, "up");
  client.input("all of it\n");
  client.input("");
  CHECK(client.ended().exit_code() == 0);
  CHECK(client.output(0) == "up\r\nall of it\r\nover\r\n");
}

TEST_CASE("much output of a terminal arrives to its last byte") {
  RunningJob job(1);
  FakeClient client = job.client();
  CHECK(client.run_to_end(terminal_step("seq 20000")).exit_code() == 0);
  std::string expected;
  for (int i = 1; i <= 20000; ++i) expected += std::to_string(i) + "\r\n";
  CHECK(client.output(0) == expected);
}

TEST_CASE("ranks beside the one with a terminal read nothing and their output is not shown") {
  RunningJob job(2);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(
      terminal_step("if [ $RANK = 1 ]; then cat; echo unseen; echo > ended; exit 0; fi; "
                    "until [ -e ended ]; do sleep 0.02; done; echo shown",
                    2));
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0) == "shown\r\n");
  CHECK(client.output(1).empty());
}

TEST_CASE("a rank that fails beside a terminal ends it and is named") {
  RunningJob job(2);
  FakeClient client = job.client();
  proto::RunStep step = terminal_step(
      "if [ $RANK = 1 ]; then until [ -e up ]; do sleep 0.02; done; exit 5; fi; "
      "echo > up; sleep 1000",
      2);
  step.set_bad_exit(1);
  client.run(step);
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 5);
  CHECK(ended.message() == "rank 1 on node1 exited with 5");
}

TEST_CASE("a terminal's programs end when its client has gone") {
  RunningJob job(1, 1, 100);
  FakeClient client = job.client();
  client.run(terminal_step("trap '' HUP; echo $$ > pid; echo up; sleep 1000"));
  client.wait_output(0, "up");
  const pid_t shell = std::stoi(content_of(job.folder() / "pid"));
  client.leave();
  CHECK(wait_until([shell] { return !process_lives(shell); }));
}
