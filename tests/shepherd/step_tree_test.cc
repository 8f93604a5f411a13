// Steps that reach their nodes through others: seven shepherds of which each speaks to two more.
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "agent/shepherd/step_branches.h"
#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using shepherd::PlaceRange;
using shepherd::split_places;

namespace {

constexpr std::uint32_t kNodes = 7;
constexpr std::uint32_t kWidth = 2;
const std::string kProbe = std::string(USINE_BIN_DIR) + "/mpi-probe";

// Places 0 to 2 are reached by place 0, of which 1 and 2 are branches; 3 to 6 by place 3, whose
// branches are 4 and 5, and 5 passes on to 6.
proto::JobSpec tree_spec(std::int64_t kill_wait_ms = 30'000) {
  proto::JobSpec spec = RunningJob::spec_of(kNodes, 1, kill_wait_ms);
  spec.set_tree_width(kWidth);
  return spec;
}

bool all_up(const RunningJob& job) {
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    if (!std::filesystem::exists(job.folder() / ("up" + std::to_string(i)))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("places are split in order into as many equal parts as the width allows") {
  CHECK(split_places({0, 7}, 2) == std::vector<PlaceRange>{{0, 3}, {3, 7}});
  CHECK(split_places({1, 3}, 2) == std::vector<PlaceRange>{{1, 2}, {2, 3}});
  CHECK(split_places({4, 7}, 2) == std::vector<PlaceRange>{{4, 5}, {5, 7}});
  CHECK(split_places({5, 5}, 32).empty());
  CHECK(split_places({0, 3}, 32) == std::vector<PlaceRange>{{0, 1}, {1, 2}, {2, 3}});
}

TEST_CASE("a step through a tree runs every rank and gives back all output") {
  RunningJob job(tree_spec());
  FakeClient client = job.client();
  const auto ended = client.run_to_end(
      step_of("echo $RANK of $WORLD_SIZE on $SLURMD_NODENAME at $MASTER_ADDR; echo e$RANK >&2"));
  CHECK(ended.message() == "");
  CHECK(ended.exit_code() == 0);
  for (std::uint32_t rank = 0; rank < kNodes; ++rank) {
    const std::string number = std::to_string(rank);
    CHECK(client.output(rank) == number + " of 7 on node" + number + " at 127.0.0.1\n");
    CHECK(client.errors(rank) == 'e' + number + '\n');
  }
}

TEST_CASE("much output of every rank and input to all of them pass through a tree whole") {
  RunningJob job(tree_spec());
  FakeClient client = job.client();
  proto::RunStep step = step_of("cat | wc -c; head -c 3000000 /dev/zero | tr '\\0' x");
  step.set_input_to(1);
  client.run(step);
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) client.input(piece);
  client.input("");
  CHECK(client.ended().exit_code() == 0);
  for (std::uint32_t rank = 0; rank < kNodes; ++rank) {
    CHECK(client.output(rank) == "3145728\n" + std::string(3'000'000, 'x'));
  }
}

TEST_CASE("[B33] MPI ranks behind each other in a tree find each other") {
  if (!std::filesystem::exists(kProbe)) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(tree_spec());
  FakeClient client = job.client();
  const auto ended = client.run_to_end(step_of("exec " + kProbe));
  INFO(client.errors(0));
  CHECK(ended.message() == "");
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0).starts_with("world=7 node=1 sum=21 "));
}

TEST_CASE("a signal reaches the ranks at the ends of a tree") {
  RunningJob job(tree_spec());
  FakeClient client = job.client();
  client.run(step_of("trap 'echo got; exit 0' USR1; echo > up$RANK; while :; do sleep 0.02; done"));
  REQUIRE(wait_until([&] { return all_up(job); }));
  client.signal(SIGUSR1);
  CHECK(client.ended().exit_code() == 0);
  for (std::uint32_t rank = 0; rank < kNodes; ++rank) CHECK(client.output(rank) == "got\n");
}

TEST_CASE("[B34] a failure at the end of a tree ends the ranks everywhere and is named") {
  RunningJob job(tree_spec());
  FakeClient client = job.client();
  proto::RunStep step = step_of(
      "trap 'echo > saved$RANK; exit 0' TERM; echo > up$RANK; "
      "until [ $RANK = 6 -a -e go ]; do sleep 0.02; done; exit 7");
  step.set_bad_exit(1);
  client.run(step);
  REQUIRE(wait_until([&] { return all_up(job); }));
  REQUIRE(os::write_file(job.folder() / "go", "now"));
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 7);
  CHECK(ended.message() == "rank 6 on node6 exited with 7");
  for (const char* const name : {"saved0", "saved2", "saved3", "saved5"}) {
    CHECK(std::filesystem::exists(job.folder() / name));
  }
}

TEST_CASE("[B36] a node lost in the midst of a tree is named and what lay behind it ends") {
  RunningJob job(tree_spec(1000));
  FakeClient client = job.client();
  client.run(step_of("echo $$ > pid$RANK; echo > up$RANK; sleep 1000"));
  REQUIRE(wait_until([&] { return all_up(job); }));
  const pid_t behind = std::stoi(content_of(job.folder() / "pid6"));
  REQUIRE(kill(job.node(3).pid(), SIGKILL) == 0);
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message().starts_with("lost node3 during the step"));
  CHECK(wait_until([&] { return !process_lives(behind); }));
}

TEST_CASE("[B36] a node lost at the end of a tree is named by the one that passed on to it") {
  RunningJob job(tree_spec(1000));
  FakeClient client = job.client();
  client.run(step_of("echo > up$RANK; sleep 1000"));
  REQUIRE(wait_until([&] { return all_up(job); }));
  REQUIRE(kill(job.node(6).pid(), SIGKILL) == 0);
  const auto ended = client.ended();
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message().starts_with("lost node6 during the step"));
}
