// Submitting, seen from outside: what is accepted, refused, and what reaches the job.
#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::ProgramResult;
using usine::test::TestCluster;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("[B1] a script and the command line give the same resolved request") {
  const TestCluster cluster;
  cluster.script("a.sh", "#!/bin/sh\n#SBATCH -N2 --gres=gpu:4 -t 10 -J same\n");
  cluster.script("b.sh", "#!/bin/sh\n");
  Json from_script = cluster.usine_json({"submit", "--dry-run", "a.sh"});
  Json from_words = cluster.usine_json(
      {"submit", "--dry-run", "-N2", "--gres=gpu:4", "-t", "10", "-J", "same", "b.sh"});
  REQUIRE(from_script.is_object());
  from_script.erase("script_name");
  from_words.erase("script_name");
  CHECK(from_script == from_words);
  CHECK(from_script["components"][0]["gpus_per_node"] == 4);
}

TEST_CASE("[B2] an option line after the first command is ignored with a warning naming it") {
  const TestCluster cluster;
  cluster.script("late.sh", "#!/bin/sh\ntrue\n#SBATCH --nodes=2\n");
  const ProgramResult result = cluster.usine({"submit", "late.sh"});
  CHECK(result.status == 0);
  CHECK(contains(result.err, "late.sh:3: this #SBATCH line is ignored"));
}

TEST_CASE("[B3] --parsable prints only the id") {
  const TestCluster cluster;
  const ProgramResult result = cluster.usine({"submit", "--parsable", "--wrap", "true"});
  CHECK(result.out == "1\n");
  CHECK(result.err.empty());
}

TEST_CASE("[B4] a request that no node could ever satisfy is refused with the limit named") {
  const TestCluster cluster;
  const ProgramResult gpus = cluster.usine({"submit", "--gpus-per-node=9", "--wrap", "true"});
  CHECK(gpus.status == 1);
  CHECK(contains(gpus.err, "9 GPUs a node"));
  CHECK(contains(gpus.err, "has 8"));
  const ProgramResult nodes = cluster.usine({"submit", "-N3", "--wrap", "true"});
  CHECK(nodes.status == 1);
  CHECK(contains(nodes.err, "3 nodes"));
  CHECK(lines(nodes.err) == 1);
  CHECK(cluster.usine_json({"queue"})["jobs"].empty());
}

TEST_CASE("[B5] a request that only nodes now out could satisfy waits with that reason") {
  const TestCluster cluster;
  REQUIRE(cluster.usine({"node", "drain", "node002", "--reason", "fan"}).status == 0);
  const auto job = cluster.submit({"-N2", "--wrap", "true"});
  REQUIRE(job != 0);
  const auto says_nodes_down = [&] {
    const Json explained = cluster.usine_json({"explain", std::to_string(job)});
    return explained["state"] == "pending" && explained["reasons"][0]["kind"] == "nodes_down";
  };
  CHECK(usine::test::wait_until(says_nodes_down));
  REQUIRE(cluster.usine({"node", "resume", "node002"}).status == 0);
  CHECK(cluster.reaches(job, "completed"));
}

TEST_CASE("[B6] --test-only reports a start and leaves no job") {
  const TestCluster cluster;
  const ProgramResult result = cluster.usine({"submit", "--test-only", "--wrap", "true"});
  CHECK(result.status == 0);
  CHECK(contains(result.out, "would start at"));
  CHECK(cluster.usine_json({"queue", "--state", "all"})["jobs"].empty());
  CHECK(cluster.submit({"--wrap", "true"}) == 1);
}

TEST_CASE("[B7] an unknown partition is refused listing those there are") {
  const TestCluster cluster;
  const ProgramResult result = cluster.usine({"submit", "-p", "fast", "--wrap", "true"});
  CHECK(result.status == 1);
  CHECK(contains(result.err, "'fast'"));
  CHECK(contains(result.err, "main"));
}

TEST_CASE("[B8] patterns of output files expand") {
  const TestCluster cluster;
  const auto job = cluster.submit({"-J", "name", "-o", "o-%j-%x-%N-%t-%A-%a-%3j-%%.txt", "-e",
                                   "e-%j.txt", "--wrap", "echo out; echo err >&2"});
  REQUIRE(cluster.reaches(job, "completed"));
  CHECK(cluster.read("o-1-name-node001-0-1-0-001-%.txt") == "out\n");
  CHECK(cluster.read("e-1.txt") == "err\n");
}

TEST_CASE("[B8] without patterns each job has a file of its own") {
  const TestCluster cluster;
  const auto first = cluster.submit({"--wrap", "echo first"});
  const auto second = cluster.submit({"--wrap", "echo second"});
  REQUIRE(cluster.reaches(first, "completed"));
  REQUIRE(cluster.reaches(second, "completed"));
  CHECK(cluster.read("usine-1.out") == "first\n");
  CHECK(cluster.read("usine-2.out") == "second\n");
}

TEST_CASE("[B9] umask limits folder and chosen environment reach the job") {
  const TestCluster cluster;
  cluster.script("inner.sh",
                 "#!/bin/sh\numask\nulimit -n\npwd\necho \"${A-none} ${B-none} ${C-none}\"\n");
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  cluster.script("outer.sh", "#!/bin/sh\numask 0027; ulimit -Sn 99; export A=1 B=2\nmkdir sub\n" +
                                 usine + " submit --wait -D sub --export=A,C=3 -o out inner.sh\n");
  usine::test::ProgramCall call;
  call.argv = {cluster.work_folder() + "/outer.sh"};
  call.folder = cluster.work_folder();
  call.environment = {{"USINE_STATE", cluster.state_folder()}};
  const ProgramResult result = usine::test::run_program(call);
  CHECK(result.status == 0);
  CHECK(cluster.read("sub/out") == "0027\n99\n" + cluster.work_folder() + "/sub\n1 none 3\n");
}

TEST_CASE("[B10] the same idempotency key gives the same job") {
  const TestCluster cluster;
  const auto first = cluster.submit({"--idempotency-key=k", "--wrap", "echo x >> runs"});
  CHECK(cluster.submit({"--idempotency-key=k", "--wrap", "echo x >> runs"}) == first);
  REQUIRE(cluster.reaches(first, "completed"));
  CHECK(cluster.submit({"--idempotency-key=k", "--wrap", "echo x >> runs"}) == first);
  CHECK(cluster.usine_json({"queue", "--state", "all"})["jobs"].size() == 1);
  CHECK(cluster.read("runs") == "x\n");
}

TEST_CASE("a script with CRLF line ends runs with a warning") {
  const TestCluster cluster;
  cluster.script("crlf.sh", "#!/bin/sh\r\n#SBATCH -o crlf.out\r\necho ran\r\n");
  const ProgramResult result = cluster.usine({"submit", "--wait", "crlf.sh"});
  CHECK(result.status == 0);
  CHECK(contains(result.err, "CRLF"));
  CHECK(cluster.read("crlf.out") == "ran\n");
}

TEST_CASE("a script on standard input and arguments reach the job") {
  const TestCluster cluster;
  CHECK(
      cluster.usine({"submit", "--wait", "-o", "o", "-", "a", "b c"}, "#!/bin/sh\necho \"$# $2\"\n")
          .status == 0);
  CHECK(cluster.read("o") == "2 b c\n");
}

TEST_CASE("--wait exits with the status of the job") {
  const TestCluster cluster;
  CHECK(cluster.usine({"submit", "--wait", "--wrap", "exit 7"}).status == 7);
  const ProgramResult killed = cluster.usine({"submit", "--wait", "--wrap", "kill -9 $$"});
  CHECK(killed.status == 137);
  CHECK(contains(killed.err, "failed"));
}

TEST_CASE("each kind of mistake has its exit status and one line") {
  const TestCluster cluster;
  const auto status = [&](std::vector<std::string> words) {
    const ProgramResult result = cluster.usine(std::move(words));
    CHECK(lines(result.err) == 1);
    CHECK(result.err.starts_with("usine: "));
    return result.status;
  };
  CHECK(status({"submit", "missing.sh"}) == 1);
  CHECK(status({"submit", "--qos=high", "--wrap", "true"}) == 1);
  CHECK(status({"submit", "--time=ten", "--wrap", "true"}) == 2);
  CHECK(status({"submit", "--frobnicate", "--wrap", "true"}) == 2);
  CHECK(status({"frobnicate"}) == 2);
  CHECK(status({"queue", "--frobnicate"}) == 2);
  CHECK(status({"cancel", "x"}) == 2);
  CHECK(status({"cancel", "99"}) == 1);
  CHECK(status({"show", "job", "99"}) == 1);
  CHECK(status({"queue", "--state", cluster.work_folder()}) == 3);
  CHECK(status({"queue", "--scheduler", "127.0.0.1:1"}) == 3);
}

TEST_CASE("a wrong token is refused") {
  const TestCluster cluster;
  const std::string other = cluster.work_folder() + "/other";
  std::filesystem::create_directory(other);
  std::filesystem::copy(cluster.state_folder() + "/scheduler.address", other);
  cluster.script("other/token", "root:0000\n");
  const ProgramResult result = cluster.usine({"queue", "--state", other});
  CHECK(result.status == 1);
  CHECK(contains(result.err, "token"));
}

TEST_CASE("a scheduler that is gone is said to be out of reach") {
  const TestCluster cluster;
  REQUIRE(cluster.usine({"down"}).status == 0);
  const ProgramResult result = cluster.usine({"queue"});
  CHECK(result.status == 3);
  CHECK(contains(result.err, "usine up"));
}
