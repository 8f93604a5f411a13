// What users see of containment, on a whole cluster: groups of real control groups under root.
#include <csignal>
#include <string>

#include <doctest/doctest.h>

#include "agent/contain/job_group.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/outer_groups.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using contain::Resource;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The groups of jobs that are left of the cluster's agents, anywhere.
std::size_t groups_of(const TestCluster& cluster) {
  const auto holders =
      contain::find_holders({.mounts = os::read_file("/proc/self/mountinfo").value_or(""),
                             .own_groups = os::read_file("/proc/self/cgroup").value_or(""),
                             .root = {}});
  std::size_t count = 0;
  for (const char* const node : {"node001", "node002"}) {
    const std::string prefix =
        contain::group_prefix(node, cluster.state_folder() + "/agents/" + node);
    count += contain::groups_left(holders, prefix).size();
  }
  return count;
}

}  // namespace

TEST_CASE(
    "[B39] memory that runs out on a job's second node is the job's end and names that node") {
  if (const auto why = OuterGroups().lacking(Resource::kMemory); !why.empty()) USINE_SKIP(why);
  const TestCluster cluster({.nodes = 2});
  const std::string script = cluster.script(
      "train", "#!/bin/sh\n" USINE_BIN_DIR
               "/usine run -- sh -c '[ $SLURM_PROCID = 0 ] || exec tail /dev/zero'\n");
  const auto job = cluster.submit({"-N2", "--mem=32M", script});
  CHECK(cluster.reaches(job, "out_of_memory"));
  const Json shown = cluster.usine_json({"show", "job", std::to_string(job)});
  CHECK(shown["message"] == "out of memory on node node002: 32 MiB asked for, peak 32 MiB");
  CHECK(wait_until([&] { return groups_of(cluster) == 0; }));
}

TEST_CASE("a job whose shepherd was killed leaves no process and no group") {
  if (const auto why = OuterGroups().lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TestCluster cluster({.nodes = 1});
  const auto job = cluster.submit({"--no-requeue", "--wrap",
                                   "(setsid env -i sh -c 'echo $$ > hidden; exec sleep 1000' &); "
                                   "echo $PPID > shepherd; exec sleep 1000"});
  REQUIRE(wait_until([&] { return cluster.has("shepherd") && cluster.has("hidden"); }));
  CHECK(groups_of(cluster) == 1);
  const pid_t hidden = std::stoi(cluster.read("hidden"));
  ::kill(std::stoi(cluster.read("shepherd")), SIGKILL);
  CHECK(cluster.reaches(job, "node_fail"));
  CHECK(wait_until([hidden] { return ::kill(hidden, 0) != 0; }));
  CHECK(wait_until([&] { return groups_of(cluster) == 0; }));
}

TEST_CASE("the agent says in its log what holds its jobs") {
  const TestCluster cluster({.nodes = 1});
  const std::string log = os::read_file(cluster.state_folder() + "/logs/node001.log").value_or("");
  CHECK(contains(log, "event=containment processes="));
}
