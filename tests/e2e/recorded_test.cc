// What real daemons recorded, replayed by the simulator: the same decisions, whoever was killed
// meanwhile, and from the list of jobs alone the same starts but for what starting takes.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "scheduler/store/sqlite.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using namespace usine;
using usine::test::Json;
using usine::test::ProgramResult;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

// Submits `jobs` of them one after another, of one and two nodes and of shares of a node; each
// sleeps for a few tenths of a second.
void submit_sleepers(const TestCluster& cluster, int jobs) {
  for (int i = 0; i < jobs; ++i) {
    const std::string nodes = i % 7 == 0 ? "-N2" : "-N1";
    const std::string gpus = "--gpus-per-node=" + std::to_string(1 << i % 4);
    const std::string length = "sleep 0." + std::to_string(1 + i % 5);
    REQUIRE(cluster.submit({nodes, gpus, "-o", "/dev/null", "--wrap", length}) != 0);
  }
}

void kill_and_restart(const TestCluster& cluster, pid_t victim) {
  REQUIRE(victim > 1);
  REQUIRE(::kill(victim, SIGKILL) == 0);
  const std::string arguments = "/proc/" + std::to_string(victim) + "/cmdline";
  REQUIRE(wait_until([&] { return std::ifstream(arguments).peek() == EOF; }));
  cluster.up();
}

bool all_ended(const TestCluster& cluster) {
  return wait_until([&] { return cluster.usine_json({"queue"})["jobs"].empty(); },
                    std::chrono::seconds(120));
}

// A copy of the journal as it is now, in which `sql` has been done.
std::string tampered(const TestCluster& cluster, const std::string& name, const char* sql) {
  const std::string copy = cluster.work_folder() + '/' + name;
  for (const char* const part : {"", "-wal"}) {
    const std::string from = cluster.state_folder() + "/usine.db" + part;
    if (std::filesystem::exists(from)) std::filesystem::copy_file(from, copy + part);
  }
  auto database = store::Database::open(copy, store::Access::kCreate, {});
  REQUIRE(database);
  REQUIRE(database->execute(sql));
  return copy;
}

}  // namespace

TEST_CASE("What daemons recorded replays to the same decisions though agents and scheduler die") {
  const TestCluster cluster({.nodes = 4});
  submit_sleepers(cluster, 20);
  kill_and_restart(cluster, cluster.agent_pid("node001"));
  submit_sleepers(cluster, 20);
  kill_and_restart(cluster, cluster.scheduler_pid());
  submit_sleepers(cluster, 20);
  kill_and_restart(cluster, cluster.agent_pid("node003"));
  // Of the scheduler while it runs.
  CHECK(cluster.usine({"simulate", "--recorded", cluster.state_folder()}).status == 0);
  REQUIRE(all_ended(cluster));
  const Json replayed = cluster.usine_json({"simulate", "--recorded", cluster.state_folder()});
  REQUIRE(replayed.is_object());
  CHECK(replayed["same"] == true);
  CHECK(replayed["digest_recorded"] == replayed["digest_replayed"]);
  CHECK(replayed["planner_digest_recorded"] == replayed["planner_digest_replayed"]);
  CHECK(replayed["planners"] == 2);
  CHECK(replayed["passes_left_out"] == 0);
  CHECK(replayed["plans"].get<int>() > 0);
  CHECK(replayed["rows"].get<int>() > 4 * 60);  // submitted, placed, prepared, ended
}

TEST_CASE("A recorded event or pass that was changed is named and the exit status says so") {
  const TestCluster cluster({.nodes = 2});
  submit_sleepers(cluster, 4);
  REQUIRE(all_ended(cluster));
  const std::string later = tampered(
      cluster, "later.db",
      "UPDATE journal SET time_ms = time_ms + 1 WHERE sequence = (SELECT max(sequence) FROM "
      "journal)");
  const ProgramResult event = cluster.usine({"simulate", "--recorded", later});
  CHECK(event.status == 1);
  CHECK(event.out.find("the decisions differ first at row") != std::string::npos);
  CHECK(event.out.find("with other content than recorded") != std::string::npos);
  const std::string other = tampered(cluster, "other.db",
                                     "UPDATE planner_input SET content = zeroblob(32) WHERE id = "
                                     "(SELECT max(id) FROM planner_input WHERE content <> x'')");
  const ProgramResult pass = cluster.usine({"simulate", "--recorded", other});
  CHECK(pass.status == 1);
  CHECK(pass.out.find("pass: pass") != std::string::npos);
  CHECK(pass.out.find("recorded was another plan") != std::string::npos);
  const ProgramResult nothing = cluster.usine({"simulate", "--recorded", cluster.work_folder()});
  CHECK(nothing.status == 1);
  CHECK(nothing.err.find("there is no " + cluster.work_folder() + "/usine.db") !=
        std::string::npos);
  CHECK(std::ranges::count(nothing.err, '\n') == 1);
}

TEST_CASE("Jobs of whole nodes start when their list alone says but for what starting takes") {
  const TestCluster cluster({.nodes = 3});
  // Of a minute at most, so that no turn hangs on what was learned of lengths meanwhile.
  for (int i = 0; i < 24; ++i) {
    const std::string length = "sleep 0." + std::to_string(3 + i % 7);
    REQUIRE(cluster.submit({"--exclusive", "--time=1", "-o", "/dev/null", "--wrap", length}) != 0);
  }
  REQUIRE(all_ended(cluster));
  const std::string csv = cluster.work_folder() + "/list.csv";
  const Json replayed = cluster.usine_json(
      {"simulate", "--recorded", cluster.state_folder(), "--from-list", "--write-list", csv});
  REQUIRE(replayed.is_object());
  CHECK(replayed["same"] == true);
  const Json& list = replayed["list"];
  CAPTURE(list.dump());
  CHECK(list["compared"] == 24);
  // Where starting takes as long as a job, one may take another's turn.
  CHECK(list["alone"]["inside"] >= 18);
  CHECK(list["with_latencies"]["inside"] == 24);
  // What was written is a trace as any other.
  const Json simulated = cluster.usine_json(
      {"simulate", "--cluster", cluster.state_folder() + "/cluster.yaml", "--trace", csv});
  REQUIRE(simulated.is_object());
  CHECK(simulated["jobs"] == 24);
  CHECK(simulated["wait_s"]["mean"].get<double>() ==
        doctest::Approx(list["alone"]["mean_wait_s"].get<double>()).epsilon(0.01));
}
