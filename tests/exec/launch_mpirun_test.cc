// What a user's own mpirun is told, and the steps by which its daemons start.
#include "agent/core/launch_mpirun.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/exec/launch_job_builder.h"

using namespace usine;
using namespace usine::agent;
using usine::test::launch_job;

TEST_CASE("mpirun finds a place on each node for each task of the job") {
  CHECK(mpirun_hosts(launch_job(2, 3)) == "node0 slots=3\nnode1 slots=3\n");
}

TEST_CASE("mpirun reaches nodes by usine unless its user has said otherwise") {
  LaunchJob job = launch_job(2, 1);
  job.folder = "/jobs/7.1";
  job.launcher = "/opt/bin/usine";
  Environment environment({"OMPI_MCA_plm_rsh_agent=ssh -q"});
  set_mpirun(job, environment);
  CHECK(environment.get("OMPI_MCA_plm_rsh_agent") == "ssh -q");
  CHECK(environment.get("PRTE_MCA_plm_ssh_agent") == "/opt/bin/usine rsh");
  CHECK(environment.get("OMPI_MCA_orte_default_hostfile") == "/jobs/7.1/hosts");
  CHECK(environment.get("PRTE_MCA_prte_default_hostfile") == "/jobs/7.1/hosts");
  CHECK(environment.get("OMPI_MCA_oob_tcp_if_include").empty());
}

TEST_CASE("a daemon has all of the job's cores on its node and no other node") {
  const LaunchJob job = launch_job(2, 1);
  const auto layout = lay_out_daemon(job, "node1");
  REQUIRE(layout);
  REQUIRE(layout->nodes.size() == 1);
  CHECK(layout->nodes[0].job_node == 1);
  CHECK(layout->nodes[0].cores_per_task == job.nodes[1].cores);
  CHECK(layout->tasks() == 1);
  const auto missing = lay_out_daemon(job, "login1");
  REQUIRE(!missing);
  CHECK(missing.error().message == "the job has no node login1: it has node[0-1]");
}

TEST_CASE("a process that starts ranks of its own is told no rank") {
  const auto left = without_rank({"RANK=3", "WORLD_SIZE=4", "LOCAL_RANK=0", "SLURM_NNODES=2"});
  CHECK(left == std::vector<std::string>{"SLURM_NNODES=2"});
}
