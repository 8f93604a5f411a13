// Job arrays from outside: real tasks, what is told of them, and what a restart leaves of them.
#include <algorithm>
#include <csignal>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

std::string text_of(std::uint64_t array, int index) {
  return std::to_string(array) + '_' + std::to_string(index);
}

std::string state_of(const TestCluster& cluster, const std::string& name) {
  const Json job = cluster.usine_json({"show", "job", name});
  return job.is_object() ? job["state"] : "";
}

int tasks_in(const TestCluster& cluster, std::uint64_t array, const std::string& state) {
  const Json job = cluster.usine_json({"show", "job", std::to_string(array)});
  if (!job.is_object() || !job["array"]["states"].contains(state)) return 0;
  return job["array"]["states"][state]["tasks"];
}

// The lines of a file of the working folder, sorted.
std::vector<std::string> sorted_lines(const TestCluster& cluster, const std::string& name) {
  std::istringstream in(cluster.read(name));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE("[B25] an array of real tasks is one line and each task has its index and output") {
  const TestCluster cluster;
  const auto array = cluster.submit({"--array=2-10:4", "--wrap",
                                     "echo $SLURM_ARRAY_JOB_ID $USINE_ARRAY_TASK_ID "
                                     "$SLURM_ARRAY_TASK_COUNT $USINE_ARRAY_TASK_MAX"});
  REQUIRE(array != 0);
  REQUIRE(cluster.reaches(array, "completed"));
  for (const int index : {2, 6, 10}) {
    const std::string name = text_of(array, index);
    CHECK(cluster.read("usine-" + name + ".out") ==
          std::to_string(array) + ' ' + std::to_string(index) + " 3 10\n");
    CHECK(state_of(cluster, name) == "completed");
  }
  const Json history = cluster.usine_json({"history", "--job", std::to_string(array)});
  REQUIRE(history["jobs"].size() == 4);  // one row a task and one for the array
  const Json one = cluster.usine_json({"history", "--job", text_of(array, 6)});
  REQUIRE(one["jobs"].size() == 1);
  CHECK(one["jobs"][0]["array_index"] == 6);
}

TEST_CASE("[B22] [B23] [B25] a long array shows as one line and its tasks are cancelled apart") {
  const TestCluster cluster;
  const auto array =
      cluster.submit({"--array=0-999999%2", "-o", "/dev/null", "--wrap", "sleep 600"});
  REQUIRE(array != 0);
  CHECK(wait_until([&] { return state_of(cluster, text_of(array, 1)) == "running"; }));
  const Json waiting = cluster.usine_json({"queue", "--state", "pending"});
  REQUIRE(waiting["jobs"].size() == 1);
  CHECK(waiting["jobs"][0]["array"]["states"]["pending"]["tasks"] == 999'998);
  CHECK(waiting["jobs"][0]["reasons"][0]["kind"] == "array_limit");
  REQUIRE(cluster.usine({"cancel", text_of(array, 1), text_of(array, 5)}).status == 0);
  CHECK(wait_until([&] { return state_of(cluster, text_of(array, 1)) == "cancelled"; }));
  CHECK(wait_until([&] { return state_of(cluster, text_of(array, 2)) == "running"; }));
  CHECK(state_of(cluster, text_of(array, 0)) == "running");
  REQUIRE(cluster.usine({"update", "--array-limit", "3", std::to_string(array)}).status == 0);
  CHECK(wait_until([&] { return state_of(cluster, text_of(array, 3)) == "running"; }));
  REQUIRE(cluster.usine({"cancel", std::to_string(array)}).status == 0);
  CHECK(cluster.reaches(array, "cancelled"));
  CHECK(cluster.usine_json({"queue"})["jobs"].empty());
  CHECK(tasks_in(cluster, array, "cancelled") == 1'000'000);
}

TEST_CASE("[B24] tasks that have finished do not run again after the scheduler is killed") {
  const TestCluster cluster;
  const auto array = cluster.submit({"--array=0-11%2", "-o", "/dev/null", "--wrap",
                                     "echo $SLURM_ARRAY_TASK_ID >> ran; "
                                     "while [ ! -e go ] && [ $SLURM_ARRAY_TASK_ID -gt 4 ]; do "
                                     "sleep 0.1; done"});
  REQUIRE(array != 0);
  CHECK(wait_until([&] { return tasks_in(cluster, array, "completed") == 5; }));
  ::kill(cluster.scheduler_pid(), SIGKILL);
  cluster.up();
  CHECK(tasks_in(cluster, array, "completed") == 5);
  cluster.script("go", "");
  CHECK(cluster.reaches(array, "completed"));
  std::vector<std::string> every;
  for (int i = 0; i < 12; ++i) every.push_back(std::to_string(i));
  std::ranges::sort(every);
  CHECK(sorted_lines(cluster, "ran") == every);
}

TEST_CASE("[B27] only the failed tasks of an array run again by state filter") {
  const TestCluster cluster;
  const auto array = cluster.submit({"--array=1-4", "-o", "/dev/null", "--wrap",
                                     "echo $SLURM_ARRAY_TASK_ID >> ran; "
                                     "[ -e mended ] || exit $((SLURM_ARRAY_TASK_ID % 2))"});
  REQUIRE(array != 0);
  REQUIRE(cluster.reaches(array, "failed"));
  CHECK(tasks_in(cluster, array, "failed") == 2);
  cluster.script("mended", "");
  REQUIRE(cluster.usine({"requeue", "--state", "failed", std::to_string(array)}).status == 0);
  CHECK(cluster.reaches(array, "completed"));
  CHECK(sorted_lines(cluster, "ran") == std::vector<std::string>{"1", "1", "2", "3", "3", "4"});
  CHECK(cluster.usine({"requeue", "--state", "failed", std::to_string(array)}).status == 1);
}
