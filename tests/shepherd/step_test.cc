// Steps over the nodes of one job: real shepherds on one machine, each standing for a node.
#include <csignal>
#include <filesystem>
#include <sched.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "common/os/sockets.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

TEST_CASE("a step runs its ranks over the job's nodes and gives back output and status") {
  RunningJob job(2, 2);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(
      step_of("echo $RANK $LOCAL_RANK $WORLD_SIZE $SLURM_PROCID $SLURM_LOCALID $SLURM_NTASKS "
              "$SLURMD_NODENAME $SLURM_NODEID $SLURM_STEP_NODELIST; echo oops >&2"));
  CHECK(ended.exit_code() == 0);
  CHECK(ended.message().empty());
  CHECK(client.ranks_seen() == 4);
  CHECK(client.output(0) == "0 0 4 0 0 4 node0 0 node[0-1]\n");
  CHECK(client.output(1) == "1 1 4 1 1 4 node0 0 node[0-1]\n");
  CHECK(client.output(2) == "2 0 4 2 0 4 node1 1 node[0-1]\n");
  CHECK(client.output(3) == "3 1 4 3 1 4 node1 1 node[0-1]\n");
  CHECK(client.errors(3) == "oops\n");
}

TEST_CASE("the ranks of a step agree on where to meet") {
  RunningJob job(2);
  FakeClient client = job.client();
  CHECK(client.run_to_end(step_of("echo $MASTER_ADDR $MASTER_PORT")).exit_code() == 0);
  CHECK(client.output(0) == client.output(1));
  CHECK(client.output(0).starts_with("127.0.0.1 "));
}

TEST_CASE("[B57] tasks on a real node are bound to cores of their own") {
  cpu_set_t ours;
  REQUIRE(sched_getaffinity(0, sizeof(ours), &ours) == 0);
  if (!CPU_ISSET(0, &ours) || !CPU_ISSET(1, &ours)) USINE_SKIP("this needs processors 0 and 1");
  const TempFolder folder;
  proto::JobSpec spec = job_spec("until [ -e done ]; do sleep 0.02; done");
  spec.set_emulated(false);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  FakeClient client(agent.job_folder());
  const auto ended =
      client.run_to_end(step_of("grep Cpus_allowed_list /proc/self/status | cut -f2", 2));
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0) == "0\n");
  CHECK(client.output(1) == "1\n");
}

TEST_CASE("emulated nodes of one machine have host names of their own") {
  RunningJob job(2);
  FakeClient client = job.client();
  CHECK(client.run_to_end(step_of("uname -n")).exit_code() == 0);
  if (client.output(0) != "node0\n") {
    MESSAGE("this system allows no UTS namespace: both nodes have the machine's name");
    CHECK(client.output(0) == client.output(1));
    return;
  }
  CHECK(client.output(1) == "node1\n");
}

TEST_CASE("[B34] with kill on bad exit one rank's failure ends its peers with TERM") {
  RunningJob job(2, 2);
  FakeClient client = job.client();
  proto::RunStep step = step_of(
      "if [ $RANK = 3 ]; then until [ -e up0 -a -e up1 -a -e up2 ]; do sleep 0.02; done; exit 7; "
      "fi; trap 'echo saved > saved$RANK; exit 0' TERM; echo > up$RANK; "
      "while :; do sleep 0.02; done");
  step.set_bad_exit(1);
  const auto ended = client.run_to_end(step);
  CHECK(ended.exit_code() == 7);
  CHECK(ended.message() == "rank 3 on node1 exited with 7");
  for (const char* const name : {"saved0", "saved1", "saved2"}) {
    CHECK(std::filesystem::exists(job.folder() / name));
  }
}

TEST_CASE("[B34] the crash of a rank ends its peers and those that ignore TERM are killed") {
  RunningJob job(2, 1, 100);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(
      step_of("if [ $RANK = 1 ]; then until [ -e up ]; do sleep 0.02; done; kill -ABRT $$; fi; "
              "trap '' TERM; echo > up; while :; do sleep 0.02; done"));
  CHECK(ended.exit_code() == 128 + SIGABRT);
  CHECK(ended.message() == "rank 1 on node1 was ended by signal 6 (Aborted)");
}

TEST_CASE("[B36] a step whose node is lost ends and names the node") {
  RunningJob job(2, 1, 1000);
  FakeClient client = job.client();
  client.run(step_of("echo > up$RANK; sleep 1000"));
  client.wait_started();
  REQUIRE(kill(job.node(1).pid(), SIGKILL) == 0);
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message().starts_with("lost node1 during the step"));
}

TEST_CASE("[B58] a step that does not fit in its job is refused with what there is") {
  RunningJob job(2);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(step_of("true", 9));
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message() ==
        "the step asks for 9 tasks of 1 core on 2 nodes; its job has room for 8 there");
}

TEST_CASE("[B34] TERM and KILL of a step reach what its tasks have started in other sessions") {
  RunningJob job(1, 1, 100);
  FakeClient client = job.client();
  // One child in a session of its own takes TERM, and one that was left behind too ignores it.
  client.run(
      step_of("setsid sh -c 'trap \"echo > saved; exit 0\" TERM; echo > up; "
              "while :; do sleep 0.02; done' & "
              "(setsid sh -c 'trap \"\" TERM; echo $$ > stubborn; sleep 1000' &); "
              "until [ -s stubborn -a -e up ]; do sleep 0.02; done; "
              "trap '' TERM; echo up > ready; wait; sleep 1000"));
  REQUIRE(content_of(job.folder() / "ready") == "up\n");
  const pid_t stubborn = std::stoi(content_of(job.folder() / "stubborn"));
  client.signal(SIGTERM);
  CHECK(wait_until([&] { return std::filesystem::exists(job.folder() / "saved"); }));
  CHECK(process_lives(stubborn));
  client.signal(SIGKILL);
  CHECK(client.ended().exit_code() == 128 + SIGKILL);
  CHECK(wait_until([&] { return !process_lives(stubborn); }));
}

TEST_CASE("what a step leaves behind is gone once the step has ended and other steps go on") {
  RunningJob job(1);
  FakeClient other = job.client();
  other.run(
      step_of("(setsid sh -c 'echo $$ > other; sleep 1000' &); "
              "until [ -e end ]; do sleep 0.02; done; exit 3"));
  const pid_t spared = std::stoi(content_of(job.folder() / "other"));
  FakeClient client = job.client();
  CHECK(client
            .run_to_end(step_of("(setsid sh -c 'echo $$ > left; sleep 1000' &); "
                                "until [ -s left ]; do sleep 0.02; done"))
            .exit_code() == 0);
  const pid_t left = std::stoi(content_of(job.folder() / "left"));
  CHECK(wait_until([&] { return !process_lives(left); }));
  CHECK(process_lives(spared));
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(other.ended().exit_code() == 3);
}

TEST_CASE("a program that does not exist ends its step with one line") {
  RunningJob job(1);
  FakeClient client = job.client();
  proto::RunStep step = step_of("");
  step.clear_command();
  step.add_command("no-such-program");
  const auto ended = client.run_to_end(step);
  CHECK(ended.exit_code() == 127);
  CHECK(ended.message() ==
        "rank 0 on node0 was not started: cannot find the program 'no-such-program' in PATH");
}

TEST_CASE(
    "a process that a task left behind and that goes on writing does not keep the step open") {
  RunningJob job(1);
  FakeClient client = job.client();
  // It hides its session and its environment, so that only the pipe shows it.
  const auto ended = client.run_to_end(
      step_of("(setsid env -i /usr/bin/yes &); head -c 100000 /dev/zero | wc -c"));
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0).find("100000\n") != std::string::npos);
}

TEST_CASE("much input and output pass through whole") {
  RunningJob job(2);
  FakeClient client = job.client();
  proto::RunStep step = step_of("cat | wc -c; head -c 20000000 /dev/zero | tr '\\0' x");
  client.run(step);
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 5; ++i) client.input(piece);
  client.input("");
  CHECK(client.ended().exit_code() == 0);
  CHECK(client.output(0) == "5242880\n" + std::string(20'000'000, 'x'));
  CHECK(client.output(1) == "0\n" + std::string(20'000'000, 'x'));
}

TEST_CASE("a signal from the client reaches every rank") {
  RunningJob job(2);
  FakeClient client = job.client();
  client.run(step_of("trap 'echo got; exit 0' USR1; echo > up$RANK; while :; do sleep 0.02; done"));
  REQUIRE(wait_until([&] {
    return std::filesystem::exists(job.folder() / "up0") &&
           std::filesystem::exists(job.folder() / "up1");
  }));
  client.signal(SIGUSR1);
  CHECK(client.ended().exit_code() == 0);
  CHECK(client.output(0) == "got\n");
  CHECK(client.output(1) == "got\n");
}

TEST_CASE("steps of one job run beside each other and after each other") {
  RunningJob job(2);
  FakeClient first = job.client();
  FakeClient second = job.client();
  first.run(step_of("until [ -e second ]; do sleep 0.02; done; echo first"));
  second.run(step_of("echo > second; until [ -e end ]; do sleep 0.02; done; echo second"));
  CHECK(first.ended().exit_code() == 0);
  FakeClient third = job.client();
  CHECK(third.run_to_end(step_of("echo $SLURM_STEPID")).exit_code() == 0);
  CHECK(third.output(0) == "2\n");
  REQUIRE(os::write_file(job.folder() / "end", "now"));
  CHECK(second.ended().exit_code() == 0);
  CHECK(second.output(1) == "second\n");
}

TEST_CASE("a step whose client has gone is ended") {
  RunningJob job(2);
  FakeClient client = job.client();
  client.run(step_of(
      "trap 'echo > ended$RANK; exit 0' TERM; echo up > up$RANK; while :; do sleep 0.02; done"));
  REQUIRE(content_of(job.folder() / "up0") == "up\n");
  REQUIRE(content_of(job.folder() / "up1") == "up\n");
  client.leave();
  CHECK(wait_until([&] {
    return std::filesystem::exists(job.folder() / "ended0") &&
           std::filesystem::exists(job.folder() / "ended1");
  }));
}

TEST_CASE("a step that is running when its batch script ends is ended with the job") {
  RunningJob job(2, 1, 200);
  FakeClient client = job.client();
  client.run(step_of("trap '' TERM; echo $$ > pid$RANK; sleep 1000"));
  const pid_t far = std::stoi(content_of(job.folder() / "pid1"));
  REQUIRE(os::write_file(job.folder() / "done", "now"));
  CHECK(job.node(0).ended().exit_code() == 0);
  CHECK(wait_until([&] { return !process_lives(far); }));
  job.node(1).stop(1000);
  CHECK(job.node(1).ended().cause() == static_cast<std::uint32_t>(EndCause::kStopped));
}

TEST_CASE("steps start on the first node alone") {
  RunningJob job(2);
  FakeClient client(job.node(1).job_folder());
  const auto ended = client.run_to_end(step_of("true"));
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message() == "steps start on the job's first node, node0, not on node1");
}

TEST_CASE("an interactive job is its client's one step") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec("", 1);
  spec.set_interactive(true);
  FakeAgent agent(folder, spec);
  FakeClient client(agent.ready().address(), "secret");
  client.run(step_of("echo here; exit 9"));  // also where it comes before the start
  agent.start();
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 9);
  CHECK(client.output(0) == "here\n");
  client.leave();
  const proto::EndRecord record = agent.ended();
  CHECK(record.cause() == static_cast<std::uint32_t>(EndCause::kExited));
  CHECK(record.exit_code() == 9);
}

TEST_CASE("an interactive job whose client has left before the start ends at its start") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec("", 1);
  spec.set_interactive(true);
  FakeAgent agent(folder, spec);
  const std::string address = agent.ready().address();
  FakeClient client(address, "secret");
  client.run(step_of("touch ran; sleep 1000"));
  client.signal(SIGINT);
  CHECK(client.ended().message() == "the step was interrupted before it started");
  client.leave();
  agent.start();
  const proto::EndRecord record = agent.ended();
  CHECK(record.signal() == SIGHUP);
  CHECK(record.message() == "the job's client left before it was started");
  CHECK(!std::filesystem::exists(folder / "ran"));
}

TEST_CASE("what an interactive job says when it is stopped reaches its client") {
  const TempFolder folder;
  proto::JobSpec spec = job_spec("", 1);
  spec.set_interactive(true);
  FakeAgent agent(folder, spec);
  FakeClient client(agent.ready().address(), "secret");
  agent.start();
  client.run(step_of("trap 'echo saved; exit 3' TERM; echo up > up; while :; do sleep 0.02; done"));
  REQUIRE(content_of(folder / "up") == "up\n");
  agent.stop(60'000);
  CHECK(client.ended().exit_code() == 3);
  CHECK(client.output(0) == "saved\n");
  client.leave();
  CHECK(agent.ended().cause() == static_cast<std::uint32_t>(EndCause::kStopped));
}

TEST_CASE("a stranger who announces more than a greeting is hung up on before it has come") {
  RunningJob job(1);
  auto fd = os::start_connect_tcp(os::parse_endpoint(job.node(0).address()).value());
  REQUIRE(fd);
  os::FrameSocket stranger(*std::move(fd));
  // The length of a frame that shepherds may send each other, and a first bit of it.
  const std::string begin("\x00\x00\x10\x00greeting", 12);
  REQUIRE(wait_until(
      [&] { return send(stranger.fd(), begin.data(), begin.size(), MSG_NOSIGNAL) == 12; }));
  const auto answer = stranger.receive(Millis(8'000));  // less than a stranger may take to greet
  REQUIRE(!answer);
  CHECK(answer.error().message == "the peer has closed the connection");
}

TEST_CASE(
    "local connections beyond a bound are refused in one line and room comes with each that goes") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("until [ -e done ]; do sleep 0.02; done"));
  agent.ready();
  agent.start();
  std::vector<os::FrameSocket> idle;
  std::string refusal;
  constexpr std::size_t kManyMax = 1000;
  while (refusal.empty() && idle.size() < kManyMax) {
    auto fd = os::connect_unix(agent.job_folder() + "/shepherd.sock");
    REQUIRE(fd);
    idle.emplace_back(*std::move(fd));
    proto::ShepherdMessage first;
    REQUIRE(first.ParseFromString(idle.back().receive(Millis(60'000)).value()));
    refusal = first.refused().message();
  }
  // This test runs as the agent's user, who has twice the room of another.
  CHECK(refusal ==
        "the job's shepherd has 256 connections on this node already: wait for some of the job's "
        "steps to end");
  idle.clear();
  REQUIRE(wait_until([&] {  // the shepherd hears of the hang-ups in its own time
    os::FrameSocket next(os::connect_unix(agent.job_folder() + "/shepherd.sock").value());
    proto::ShepherdMessage first;
    return first.ParseFromString(next.receive(Millis(60'000)).value()) && first.has_ready();
  }));
  FakeClient client(agent.job_folder());
  CHECK(client.run_to_end(step_of("true")).exit_code() == 0);
}

TEST_CASE("a connection with the wrong key is hung up on") {
  RunningJob job(1);
  FakeClient stranger(job.node(0).address(), "wrong");
  CHECK_THROWS(stranger.next_message());
}
