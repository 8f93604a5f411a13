#include "agent/shepherd/pmix_server.h"

#include <fstream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/pmix/step_node.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

namespace usine::test {
namespace {

const std::string kProbe = std::string(USINE_BIN_DIR) + "/mpi-probe";

bool can_launch_mpi() { return access(kProbe.c_str(), X_OK) == 0; }

std::string first_line(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// What a step leaves beside the ranks' own output.
std::vector<std::string> leftovers(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("out.")) names.push_back(name);
  }
  return names;
}

shepherd::PmixStep one_node_step(const std::string& nspace) {
  return {.nspace = nspace,
          .nodes = {{.name = "node0", .ranks = {0, 1, 2, 3}}},
          .this_node = 0,
          .uid = getuid(),
          .gid = getgid()};
}

struct TwoNodeEnds {
  NodeEnd ends[2] = {};
  std::string output;
  std::vector<std::string> left;
};

// Four ranks, two on each of two nodes with names of their own.
TwoNodeEnds run_on_two_nodes(const std::vector<std::string>& environment) {
  const TempFolder folder;
  int link[2] = {};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) == 0);
  pid_t nodes[2] = {};
  for (std::size_t i = 0; i < 2; ++i) {
    NodePlan plan;
    plan.step = {.nspace = "two-nodes",
                 .nodes = {{.name = "left", .ranks = {0, 1}}, {.name = "right", .ranks = {2, 3}}},
                 .this_node = i,
                 .uid = getuid(),
                 .gid = getgid()};
    plan.program = kProbe;
    plan.environment = environment;
    plan.folder = folder / std::to_string(i);
    plan.peer = link[i];
    std::filesystem::create_directory(plan.folder);
    nodes[i] = start_node(plan);
  }
  close(link[0]);
  close(link[1]);
  TwoNodeEnds result;
  for (std::size_t i = 0; i < 2; ++i) result.ends[i] = wait_for_node(nodes[i]);
  result.output = first_line(folder / "0" / "out.0");
  for (const char* node : {"0", "1"}) {
    for (const std::string& name : leftovers(folder / node)) result.left.push_back(name);
  }
  return result;
}

}  // namespace

TEST_CASE("four ranks of one node find each other and nothing is left behind") {
  if (!can_launch_mpi()) USINE_SKIP("no MPI was found when this was built");
  const TempFolder folder;
  NodePlan plan;
  plan.step = one_node_step("one-node");
  plan.program = kProbe;
  plan.folder = folder.path();
  CHECK(wait_for_node(start_node(plan)) == NodeEnd::kRanksSucceeded);
  CHECK(first_line(folder / "out.0") == "world=4 node=4 sum=6 large=right");
  CHECK(leftovers(folder.path()) == std::vector<std::string>{});
}

TEST_CASE("[B33] ranks of two nodes find each other by what the nodes exchange at a fence") {
  if (!can_launch_mpi()) USINE_SKIP("no MPI was found when this was built");
  const TwoNodeEnds result = run_on_two_nodes({});
  CHECK(result.ends[0] == NodeEnd::kRanksSucceeded);
  CHECK(result.ends[1] == NodeEnd::kRanksSucceeded);
  CHECK(result.output == "world=4 node=2 sum=6 large=right");
  CHECK(result.left.empty());
}

TEST_CASE("ranks that exchange nothing at a fence are asked for one by one") {
  if (!can_launch_mpi()) USINE_SKIP("no MPI was found when this was built");
  const TwoNodeEnds result = run_on_two_nodes({"OMPI_MCA_pmix_base_collect_data=0"});
  CHECK(result.ends[0] == NodeEnd::kRanksSucceeded);
  CHECK(result.ends[1] == NodeEnd::kRanksSucceeded);
  CHECK(result.output == "world=4 node=2 sum=6 large=right");
}

TEST_CASE("ranks run as another user than the server and leave none of their files") {
  if (!can_launch_mpi()) USINE_SKIP("no MPI was found when this was built");
  if (geteuid() != 0) USINE_SKIP("starting ranks as another user needs root");
  constexpr uid_t kNobody = 65534;
  const TempFolder folder;
  const TempFolder programs;  // nobody may not be able to reach the build folder
  for (const TempFolder* open : {&folder, &programs}) {
    std::filesystem::permissions(open->path(), std::filesystem::perms::all);
  }
  std::filesystem::copy_file(kProbe, programs / "mpi-probe");
  NodePlan plan;
  plan.step = one_node_step("as-nobody");
  plan.step.uid = kNobody;
  plan.step.gid = kNobody;
  plan.program = programs / "mpi-probe";
  plan.folder = folder.path();
  CHECK(wait_for_node(start_node(plan)) == NodeEnd::kRanksSucceeded);
  CHECK(first_line(folder / "out.0") == "world=4 node=4 sum=6 large=right");
  CHECK(leftovers(folder.path()) == std::vector<std::string>{});
}

TEST_CASE("a rank that calls MPI_Abort is reported with its status") {
  if (!can_launch_mpi()) USINE_SKIP("no MPI was found when this was built");
  const TempFolder folder;
  NodePlan plan;
  plan.step = one_node_step("aborting");
  plan.program = kProbe;
  plan.arguments = {"abort"};
  plan.folder = folder.path();
  CHECK(wait_for_node(start_node(plan)) == NodeEnd::kRankAborted);
}

TEST_CASE("a step whose description is wrong is refused and not registered") {
  const TempFolder folder;
  NodePlan plan;
  plan.step = one_node_step(std::string(256, 'x'));
  plan.folder = folder.path();
  CHECK(wait_for_node(start_node(plan)) == NodeEnd::kServerFailed);
  plan.step = one_node_step("");
  CHECK(wait_for_node(start_node(plan)) == NodeEnd::kServerFailed);
}

}  // namespace usine::test
