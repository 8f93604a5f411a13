// Agents that the scheduler cannot reach, with real processes: shorter than the lease nothing
// happens to their jobs, longer the attempt is lost once and what ran on is ended before the node
// takes part again.
#include <csignal>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

std::string state_of_node(const TestCluster& cluster) {
  return cluster.usine_json({"node", "list"})["nodes"][0]["state"];
}

bool lives(pid_t process) { return ::kill(process, 0) == 0; }

// A job that says its process and waits to be let go.
std::uint64_t start_waiting_job(const TestCluster& cluster) {
  const auto job = cluster.submit(
      {"--no-requeue", "--wrap",
       "echo $$ > pid; touch started; until [ -e go ]; do sleep 0.05; done; exit 7"});
  REQUIRE(wait_until([&] { return cluster.has("started"); }));
  return job;
}

std::size_t rows_of(const TestCluster& cluster, std::uint64_t job) {
  std::size_t rows = 0;
  const Json history = cluster.usine_json({"history"});
  for (const Json& row : history["jobs"]) rows += row["id"] == job ? 1 : 0;
  return rows;
}

}  // namespace

TEST_CASE("[B93] jobs of an agent that is away for less than its lease go on untouched") {
  const TestCluster cluster({.nodes = 1});
  const auto job = start_waiting_job(cluster);
  ::kill(cluster.agent_pid("node001"), SIGKILL);
  CHECK(wait_until([&] { return state_of_node(cluster) == "unreachable"; }));
  CHECK(cluster.state_of(job) == "running");
  cluster.up();
  CHECK(state_of_node(cluster) == "up");
  CHECK(cluster.state_of(job) == "running");
  std::ofstream(cluster.work_folder() + "/go").flush();
  CHECK(cluster.reaches(job, "failed"));
  CHECK(cluster.usine_json({"show", "job", std::to_string(job)})["exit"]["exit_code"] == 7);
  CHECK(rows_of(cluster, job) == 1);
}

TEST_CASE("[B44] [B93] beyond its lease an agent's job fails once and its processes end first") {
  const TestCluster cluster({.nodes = 1, .timings = "lease_s: 6, heartbeat_s: 1"});
  const auto job = start_waiting_job(cluster);
  const pid_t process = std::stoi(cluster.read("pid"));
  const pid_t agent = cluster.agent_pid("node001");
  ::kill(agent, SIGSTOP);
  CHECK(
      wait_until([&] { return cluster.state_of(job) == "node_fail"; }, std::chrono::seconds(120)));
  CHECK(lives(process));
  const auto next = cluster.submit({"--wrap", "kill -0 " + std::to_string(process)});
  CHECK(cluster.state_of(next) == "pending");
  ::kill(agent, SIGCONT);
  // The next job finds nothing of the one that was lost.
  CHECK(cluster.reaches(next, "failed"));
  CHECK_FALSE(lives(process));
  CHECK(rows_of(cluster, job) == 1);
}
