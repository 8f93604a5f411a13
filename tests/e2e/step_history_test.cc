// What jobs and their steps have used, as the history tells it.
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

// Takes a tenth of a second of processor time at least, also on a fast machine.
const std::string kUsineRun = std::string(USINE_BIN_DIR) + "/usine run ";
const std::string kBurn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";

Json history_of(const TestCluster& cluster, std::uint64_t job) {
  const Json reply = cluster.usine_json({"history", "--steps", "--job", std::to_string(job)});
  return reply.is_object() && reply["jobs"].size() == 1 ? reply["jobs"][0] : Json();
}

}  // namespace

TEST_CASE("the history has every step of a job with its end and what it used on all its nodes") {
  const TestCluster cluster({.nodes = 2});
  const std::string script =
      cluster.script("job.sh", "#!/bin/sh\n" + kUsineRun + "sh -c '" + kBurn + "'\n" + kUsineRun +
                                   "-n1 -N1 sh -c 'exit 3'\n" + kUsineRun +
                                   "-n1 -N1 sh -c 'kill -9 $$'\nexit 4\n");
  const auto job = cluster.submit({"-N2", "-o", "/dev/null", script});
  REQUIRE(cluster.reaches(job, "failed"));
  const Json entry = history_of(cluster, job);
  REQUIRE(entry.is_object());
  const Json& steps = entry["steps"];
  REQUIRE(steps.size() == 4);
  CHECK(steps[0]["step"] == "batch");
  CHECK(steps[0]["exit_code"] == 4);
  CHECK(steps[1]["step"] == 0);
  CHECK(steps[1]["name"] == "sh");
  CHECK(steps[1]["tasks"] == 2);
  CHECK(steps[1]["nodes"] == 2);
  CHECK(steps[1]["exit_code"] == 0);
  CHECK(steps[1]["cpu_ms"] >= 100);  // of both nodes
  CHECK(steps[1]["peak_memory_mib"] >= 1);
  CHECK(steps[1]["gpu_use"].is_null());  // nobody looks at the GPUs of emulated nodes
  CHECK(steps[2]["exit_code"] == 3);
  CHECK(steps[3]["signal"] == 9);
  CHECK(steps[3]["exit_code"] == 137);
  CHECK(entry["steps_left_out"] == 0);
  CHECK(entry["cpu_ms"] >= steps[1]["cpu_ms"]);
  CHECK(entry["core_seconds"] > 0);
  CHECK(entry["cpu_efficiency"] > 0);
  CHECK(entry["gpu_use"].is_null());
  const auto text = cluster.usine({"history", "--steps", "--job", std::to_string(job)});
  CHECK(text.out.find(std::to_string(job) + ".batch") != std::string::npos);
  CHECK(text.out.find(std::to_string(job) + ".2") != std::string::npos);
}

TEST_CASE("a step that the end of its job cuts off is in the history too") {
  const TestCluster cluster({.nodes = 1});
  const auto job = cluster.submit({"-o", "/dev/null", "--wrap",
                                   kUsineRun + "sh -c 'touch runs; sleep 600' & "
                                               "until [ -e runs ]; do sleep 0.05; done"});
  REQUIRE(cluster.reaches(job, "completed"));
  const Json entry = history_of(cluster, job);
  REQUIRE(entry["steps"].size() == 2);
  CHECK(entry["steps"][1]["step"] == 0);
  CHECK(entry["steps"][1]["exit_code"] != 0);
}
