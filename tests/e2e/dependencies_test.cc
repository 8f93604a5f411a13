// Jobs that wait for other jobs, and nodes that are kept for some, as users and operators see it.
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

Json shown(const TestCluster& cluster, std::uint64_t job) {
  return cluster.usine_json({"show", "job", std::to_string(job)});
}

// Whether the job comes to wait for that reason.
bool waits_for(const TestCluster& cluster, std::uint64_t job, const std::string& kind) {
  return usine::test::wait_until([&] {
    const Json json = shown(cluster, job);
    return json.is_object() && !json["reasons"].empty() && json["reasons"][0]["kind"] == kind;
  });
}

std::string on(const std::string& kind, std::uint64_t job) {
  return "--dependency=" + kind + ":" + std::to_string(job);
}

}  // namespace

TEST_CASE("[B17] a dependency on a job that the scheduler has forgotten resolves from history") {
  const TestCluster cluster({.timings = "keep_finished_s: 0"});
  const std::uint64_t parent = cluster.submit({"--wrap", "true"});
  REQUIRE(usine::test::wait_until([&] {
    const ProgramResult queue = cluster.usine({"history"});
    return contains(queue.out, "completed");
  }));
  const std::uint64_t after = cluster.submit({on("afterok", parent), "--wrap", "true"});
  REQUIRE(after != 0);
  CHECK(usine::test::wait_until([&] { return cluster.state_of(after) == "completed"; }));
  const std::uint64_t never = cluster.submit({on("afternotok", parent), "--wrap", "true"});
  CHECK(waits_for(cluster, never, "dependency_never_satisfied"));
  const ProgramResult unknown = cluster.usine({"submit", on("afterok", 99), "--wrap", "true"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "afterok:99 names a job that this cluster has never had"));
}

TEST_CASE("[B11] a job that depends on a failure shows why it never starts and can be changed") {
  const TestCluster cluster;
  const std::uint64_t parent = cluster.submit({"--hold", "--wrap", "exit 3"});
  const std::uint64_t job = cluster.submit({on("afterok", parent), "--wrap", "true"});
  CHECK(waits_for(cluster, job, "dependency"));
  CHECK(shown(cluster, job)["dependencies"][0]["state"] == "waiting");
  REQUIRE(cluster.usine({"release", std::to_string(parent)}).status == 0);
  CHECK(waits_for(cluster, job, "dependency_never_satisfied"));
  CHECK(contains(cluster.usine({"show", "job", std::to_string(job)}).out, "(never)"));
  CHECK(cluster.usine({"update", on("afternotok", parent), std::to_string(job)}).status == 0);
  CHECK(cluster.reaches(job, "completed"));
}

TEST_CASE("[B19] an update that closes a cycle is refused and what cannot change is named") {
  const TestCluster cluster;
  const std::uint64_t first = cluster.submit({"--hold", "--wrap", "true"});
  const std::uint64_t second = cluster.submit({on("afterok", first), "--wrap", "true"});
  const std::string id = std::to_string(first);
  const ProgramResult cycle = cluster.usine({"update", on("afterany", second), id});
  CHECK(cycle.status == 1);
  CHECK(contains(cycle.err, "job 1, which waits for job 2, which waits for job 1"));
  CHECK(shown(cluster, first)["dependencies"].empty());
  CHECK(shown(cluster, second)["dependencies"][0]["dependency"] == "afterok:1");
  const ProgramResult nodes = cluster.usine({"update", "--nodes=2", id});
  CHECK(nodes.status == 1);
  CHECK(contains(nodes.err, "--nodes of a submitted job cannot be changed yet"));
  CHECK(cluster.usine({"update", id}).status == 2);
  CHECK(cluster.usine({"update", "--dependency=none", std::to_string(second)}).status == 0);
  CHECK(cluster.reaches(second, "completed"));
}

TEST_CASE("[B79] nodes in maintenance take no job that would run into it and others can start") {
  const TestCluster cluster;
  const ProgramResult made =
      cluster.usine({"reservation", "create", "fans", "--start", "now+1hours", "--duration",
                     "2:00:00", "--nodes", "node[001-002]", "--maintenance"});
  REQUIRE_MESSAGE(made.status == 0, made.err);
  const std::uint64_t crosses = cluster.submit({"--time=2:00:00", "--wrap", "true"});
  const std::uint64_t fits = cluster.submit({"--time=30", "--wrap", "true"});
  CHECK(cluster.reaches(fits, "completed"));
  CHECK(waits_for(cluster, crosses, "reserved"));
  const Json list = cluster.usine_json({"reservation", "list"});
  REQUIRE(list["reservations"].size() == 1);
  CHECK(list["reservations"][0]["name"] == "fans");
  CHECK(list["reservations"][0]["maintenance"] == true);
  CHECK(list["reservations"][0]["nodes"].size() == 2);
  CHECK(contains(cluster.usine({"reservation", "list"}).out, "node[001-002]"));
  CHECK(cluster.usine({"reservation", "delete", "fans"}).status == 0);
  CHECK(cluster.reaches(crosses, "completed"));
}

TEST_CASE("[B82] a job runs in the reservation that it names and is refused in one for others") {
  const TestCluster cluster;
  const auto create = [&](const std::string& name, const std::string& node,
                          const std::string& users) {
    return cluster.usine({"reservation", "create", name, "--start", "now", "--duration", "1:00:00",
                          "--nodes", node, "--users", users});
  };
  REQUIRE(create("course", "node002", "nobody-else").status == 0);
  const std::uint64_t job = cluster.submit({"--reservation=course", "--time=10", "--wrap", "true"});
  REQUIRE(cluster.reaches(job, "completed"));
  CHECK(shown(cluster, job)["node_list"] == "node002");
  const ProgramResult unknown = cluster.usine({"submit", "--reservation=cource", "--wrap", "true"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "there is no reservation 'cource'; there are course"));
}

TEST_CASE("[B80] a weekly reservation keeps the local time of its zone and a wrong zone is named") {
  const TestCluster cluster;
  const auto create = [&](const std::string& zone) {
    return cluster.usine({"reservation", "create", "weekly", "--start", "2030-03-25T22:00",
                          "--duration", "8:00:00", "--node-count", "1", "--weekly", "--zone", zone,
                          "--maintenance"});
  };
  const ProgramResult wrong = create("Europe/Atlantis");
  CHECK(wrong.status == 1);
  CHECK(contains(wrong.err, "there is no time zone 'Europe/Atlantis'"));
  const ProgramResult made = create("Europe/Berlin");
  if (made.status != 0 && contains(made.err, "no time zone")) {
    MESSAGE("skipped: this machine has no zone files");
    return;
  }
  REQUIRE_MESSAGE(made.status == 0, made.err);
  const Json one = cluster.usine_json({"reservation", "list"})["reservations"][0];
  CHECK(one["begin"] == "2030-03-25T21:00:00Z");
  CHECK(one["zone"] == "Europe/Berlin");
  CHECK(one["recurrence"] == "weekly");
}
