// Steps whose ranks are MPI programs: wired up by PMIx over shepherds that stand for nodes.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/skip.h"

using namespace usine;
using namespace usine::test;

namespace {

constexpr uid_t kNobody = 65'534;
const std::string kProbe = std::string(USINE_BIN_DIR) + "/mpi-probe";

bool has_mpi() { return std::filesystem::exists(kProbe); }

// Runs a command where no further namespace can be made: in a user namespace that allows none.
std::vector<std::string> without_namespaces() {
  return {"/usr/bin/unshare",
          "--user",
          "--map-root-user",
          "/bin/sh",
          "-c",
          "echo 0 > /proc/sys/user/max_uts_namespaces && "
          "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"",
          "sh"};
}

bool can_forbid_namespaces() {
  return geteuid() == 0 && std::system(
                               "/usr/bin/unshare --user --map-root-user /bin/sh -c "
                               "'echo 0 > /proc/sys/user/max_uts_namespaces' 2> /dev/null") == 0;
}

}  // namespace

TEST_CASE("[B33] MPI ranks on two nodes find each other and the world has the size asked for") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 2);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(step_of("exec " + kProbe));
  INFO(client.errors(0));
  CHECK(ended.message() == "");
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0) == "world=4 node=2 sum=6 large=right\n");
}

TEST_CASE("[B33] MPI ranks that are dealt out over the nodes one by one find each other") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 3);
  FakeClient client = job.client();
  proto::RunStep step = step_of("exec " + kProbe);
  step.set_distribution("cyclic");
  CHECK(client.run_to_end(step).exit_code() == 0);
  CHECK(client.output(0) == "world=6 node=3 sum=15 large=right\n");
}

TEST_CASE("MPI ranks on nodes that have to share the machine's host name keep apart") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  if (!can_forbid_namespaces()) USINE_SKIP("forbidding namespaces needs root and unshare");
  RunningJob job(2, 2, 30'000, without_namespaces());
  FakeClient names = job.client();
  CHECK(names.run_to_end(step_of("uname -n")).exit_code() == 0);
  CHECK(names.output(0) == names.output(2));
  FakeClient client = job.client();
  CHECK(client.run_to_end(step_of("exec " + kProbe)).exit_code() == 0);
  CHECK(client.output(0) == "world=4 node=2 sum=6 large=right\n");
}

TEST_CASE("an MPI program of one rank runs as a step") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(step_of("exec " + kProbe, 1));
  INFO(client.errors(0));
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0) == "world=1 node=1 sum=0 large=right\n");
}

TEST_CASE("MPI steps run one after the other in the same shepherds") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 1);
  for (int i = 0; i < 3; ++i) {
    FakeClient client = job.client();
    CHECK(client.run_to_end(step_of("exec " + kProbe)).exit_code() == 0);
    CHECK(client.output(0) == "world=2 node=1 sum=1 large=right\n");
  }
}

TEST_CASE("[B34] MPI_Abort on one rank ends the step with its status and names the rank") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 1, 1000);
  FakeClient client = job.client();
  const auto ended = client.run_to_end(step_of("exec " + kProbe + " abort"));
  CHECK(ended.exit_code() == 7);
  CHECK(ended.message() == "rank 1 on node1 aborted the step with 7");
}

TEST_CASE(
    "[B33] a rank that never joins the others in MPI_Init ends the step with a wire-up error") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 1, 1000);
  FakeClient client = job.client();
  const auto ended =
      client.run_to_end(step_of("if [ $RANK = 1 ]; then exit 0; fi; exec " + kProbe));
  CHECK(ended.exit_code() == 1);
  CHECK(ended.message() == "rank 1 on node1 ended without joining the step's 2 ranks in MPI_Init");
}

TEST_CASE("[B33] a rank that fails instead of joining the others in MPI_Init ends the step") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 1, 1000);
  for (const char* const late : {"0", "1"}) {  // whichever of the two is sooner
    FakeClient client = job.client();
    proto::RunStep step = step_of("[ $RANK = " + std::string(late) +
                                  " ] && until [ -e sooner$0 ]; do sleep 0.02; done; "
                                  "touch sooner$0; [ $RANK = 0 ] || exit 3; exec " +
                                  kProbe);
    step.add_command(late);
    step.set_bad_exit(2);
    const auto ended = client.run_to_end(step);
    CHECK(ended.exit_code() == 3);
    CHECK(ended.message() ==
          "rank 1 on node1 ended without joining the step's 2 ranks in MPI_Init");
  }
}

TEST_CASE("a rank that fails in MPI ends the step also where it is told to go on") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 1, 1000);
  FakeClient client = job.client();
  proto::RunStep step = step_of("exec " + kProbe + " exit");
  step.set_bad_exit(2);
  const auto ended = client.run_to_end(step);
  CHECK(ended.exit_code() == 9);
  CHECK(ended.message() == "rank 1 on node1 exited with 9");
}

TEST_CASE("a rank asked for its data by a node that did not get it in the fence answers") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  RunningJob job(2, 2);
  FakeClient client = job.client();
  // Without collecting data in the fence every rank asks for each peer's: the direct modex.
  const auto ended = client.run_to_end(step_of("OMPI_MCA_pmix_base_collect_data=0 exec " + kProbe));
  CHECK(ended.exit_code() == 0);
  CHECK(client.output(0) == "world=4 node=2 sum=6 large=right\n");
}

TEST_CASE("under a root agent a job and its MPI ranks run as the job's user") {
  if (geteuid() != 0) USINE_SKIP("running a job as another user needs root");
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  const TempFolder folder;
  const std::string home = folder / "home";
  std::filesystem::create_directory(home);
  std::filesystem::copy_file(kProbe,
                             home + "/mpi-probe");  // the build may lie where only root reads
  REQUIRE(chmod(folder.path().c_str(), 0711) == 0);
  REQUIRE(chown(home.c_str(), kNobody, kNobody) == 0);
  proto::JobSpec spec = job_spec("id -u; until [ -e done ]; do sleep 0.02; done");
  spec.set_user("nobody");
  spec.set_uid(kNobody);
  spec.set_gid(kNobody);
  spec.set_working_directory(home);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  FakeClient client(agent.job_folder());
  CHECK(client.run_to_end(step_of("id -u >&2; exec ./mpi-probe", 2)).exit_code() == 0);
  CHECK(client.output(0) == "world=2 node=2 sum=1 large=right\n");
  CHECK(client.errors(1) == "65534\n");
  // The library is loaded into a root process, so what it looks through is not the user's.
  FakeClient owners(agent.job_folder());
  CHECK(owners.run_to_end(step_of("ls -A $TMPDIR; stat -c '%u %a' $TMPDIR $TMPDIR/../pmix", 1))
            .exit_code() == 0);
  CHECK(owners.output(0) == "65534 700\n0 711\n");
  REQUIRE(os::write_file(home + "/done", "now"));
  CHECK(agent.ended().exit_code() == 0);
  CHECK(os::read_file(home + "/usine-1234.out").value() == "65534\n");
}

TEST_CASE("a user's own mpirun works in a batch script") {
  if (!has_mpi()) USINE_SKIP("no MPI was found when this was built");
  if (!std::filesystem::exists("/usr/bin/mpirun")) USINE_SKIP("there is no mpirun here");
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("export OMPI_ALLOW_RUN_AS_ROOT=1\n"
                                   "export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1\n"
                                   "/usr/bin/mpirun --oversubscribe -np 2 " +
                                   kProbe));
  agent.ready();
  agent.start();
  CHECK(agent.ended().exit_code() == 0);
  const auto output = os::read_file(folder / "usine-1234.out");
  REQUIRE(output);
  CHECK(output->find("world=2 node=2 sum=1 large=right\n") != std::string::npos);
}
