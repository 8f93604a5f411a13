// Processes of the cluster are killed at random moments while jobs run and wait. Whatever was
// accepted is there after the restart, nothing runs twice, and running jobs end as if nothing had
// been (B92, B94).
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

#ifdef USINE_SANITIZED
constexpr int kRoundsDefault = 10;
#else
constexpr int kRoundsDefault = 50;
#endif

constexpr int kJobsPerRound = 3;
constexpr int kKillWithinMs = 150;  // of the round's submissions

int rounds() {
  const char* const set = std::getenv("USINE_CRASH_ROUNDS");
  return set != nullptr ? std::atoi(set) : kRoundsDefault;
}

std::uint32_t choose_seed() {
  const char* const set = std::getenv("USINE_SEED");
  const std::uint32_t seed =
      set != nullptr ? static_cast<std::uint32_t>(std::atoll(set)) : std::random_device()();
  std::cout << "USINE_SEED=" << seed << std::endl;
  return seed;
}

// A job writes its id at its start and at its end, so that running twice shows.
std::string job_command() {
  return "echo $USINE_JOB_ID >> begun; sleep 0.2; echo $USINE_JOB_ID >> done";
}

std::map<std::uint64_t, int> counts_of(const std::string& lines) {
  std::map<std::uint64_t, int> counts;
  std::istringstream in(lines);
  for (std::uint64_t job = 0; in >> job;) ++counts[job];
  return counts;
}

// Returns once it is gone: `usine up` would else count it as running.
void kill_now(pid_t victim) {
  REQUIRE(victim > 1);
  REQUIRE(::kill(victim, SIGKILL) == 0);
  const std::string arguments = "/proc/" + std::to_string(victim) + "/cmdline";
  REQUIRE(wait_until([&] { return std::ifstream(arguments).peek() == EOF; }));
}

class CrashTest {
 public:
  CrashTest() : random_(choose_seed()), cluster_({.nodes = 2}) {}

  void round() {
    for (int i = 0; i < kJobsPerRound; ++i) submit();
    const auto delay = std::chrono::milliseconds(random_() % kKillWithinMs);
    std::this_thread::sleep_for(delay);  // the random moment itself; nothing is waited for
    kill_something();
    cluster_.up();
  }

  void check_all_ended() {
    const auto all_final = [&] { return cluster_.usine_json({"queue"})["jobs"].empty(); };
    CHECK(wait_until(all_final, std::chrono::seconds(120)));
    CHECK(counts_of(cluster_.read("begun")) == expected());
    CHECK(counts_of(cluster_.read("done")) == expected());
    std::map<std::uint64_t, std::string> states;
    const Json history = cluster_.usine_json({"history"});
    for (const Json& row : history["jobs"]) {
      const auto id = row["id"].get<std::uint64_t>();
      // On a busy machine an agent may not prepare in time, and the attempt is given back.
      if (!row["final"]) {
        CHECK(row["start_time"].is_null());
        continue;
      }
      CHECK_FALSE(states.contains(id));
      states[id] = row["state"];
    }
    for (const std::uint64_t job : accepted_) {
      CAPTURE(job);
      CHECK(states[job] == "completed");
    }
    CHECK(states.size() == accepted_.size());
  }

 private:
  // Half of the machine each, so that some run and others wait.
  void submit() {
    const std::uint64_t job =
        cluster_.submit({"--gpus-per-node=4", "-o", "/dev/null", "--wrap", job_command()});
    REQUIRE(job != 0);
    CHECK(accepted_.insert(job).second);
  }

  void kill_something() {
    const auto choice = random_() % 3;
    const pid_t victim = choice == 0   ? cluster_.agent_pid("node001")
                         : choice == 1 ? cluster_.agent_pid("node002")
                                       : cluster_.scheduler_pid();
    kill_now(victim);
  }

  [[nodiscard]] std::map<std::uint64_t, int> expected() const {
    std::map<std::uint64_t, int> once;
    for (const std::uint64_t job : accepted_) once[job] = 1;
    return once;
  }

  std::mt19937 random_;
  TestCluster cluster_;
  std::set<std::uint64_t> accepted_;
};

}  // namespace

TEST_CASE(
    "[B92] [B94] kill -9 of scheduler or agent at random moments loses no job and runs none "
    "twice") {
  CrashTest test;
  for (int i = 0; i < rounds(); ++i) {
    CAPTURE(i);
    test.round();
  }
  test.check_all_ended();
}

TEST_CASE("[B94] a job that ends while the scheduler is away is recorded when it is back") {
  TestCluster cluster;
  const auto job =
      cluster.submit({"-o", "/dev/null", "--wrap",
                      "touch running; while [ ! -e go ]; do sleep 0.05; done; touch over"});
  REQUIRE(wait_until([&] { return cluster.has("running"); }));
  kill_now(cluster.scheduler_pid());
  cluster.script("go", "");
  REQUIRE(wait_until([&] { return cluster.has("over"); }));
  cluster.up();
  CHECK(cluster.reaches(job, "completed"));
  CHECK(cluster.usine_json({"history"})["jobs"].size() == 1);
}

TEST_CASE("kill -9 of an agent and its restart leave its job running") {
  TestCluster cluster;
  const auto job = cluster.submit({"-N2", "-o", "/dev/null", "--wrap",
                                   "echo >> begun; while [ ! -e go ]; do sleep 0.05; done"});
  REQUIRE(cluster.reaches(job, "running"));
  REQUIRE(wait_until([&] { return cluster.has("begun"); }));
  for (const auto* node : {"node001", "node002"}) kill_now(cluster.agent_pid(node));
  cluster.up();
  CHECK(cluster.state_of(job) == "running");
  cluster.script("go", "");
  CHECK(cluster.reaches(job, "completed"));
  CHECK(cluster.read("begun") == "\n");
}

TEST_CASE("200 accepted submissions are there after kill -9 and no id is used again") {
  TestCluster cluster;
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  cluster.script("burst.sh", "#!/bin/bash\nfor i in {1..200}; do " + usine +
                                 " submit --parsable --hold --wrap true; done > ids\n");
  usine::test::ProgramCall call;
  call.argv = {cluster.work_folder() + "/burst.sh"};
  call.folder = cluster.work_folder();
  call.environment = {{"USINE_STATE", cluster.state_folder()}};
  CHECK(usine::test::run_program(call).status == 0);
  kill_now(cluster.scheduler_pid());
  cluster.up();
  const auto accepted = counts_of(cluster.read("ids"));
  CHECK(accepted.size() == 200);
  std::set<std::uint64_t> kept;
  const Json queue = cluster.usine_json({"queue"});
  for (const Json& job : queue["jobs"]) kept.insert(job["id"].get<std::uint64_t>());
  CHECK(kept.size() == 200);
  for (const auto& [job, count] : accepted) CHECK(kept.contains(job));
  const std::uint64_t next = cluster.submit({"--hold", "--wrap", "true"});
  CHECK_FALSE(accepted.contains(next));
}
