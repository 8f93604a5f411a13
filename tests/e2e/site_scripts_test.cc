// The site's prolog and epilog around real jobs, seen from outside.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

// The site's scripts, in a folder of their own, which they run in.
class SiteFolder {
 public:
  [[nodiscard]] std::vector<std::string> option(const std::string& name,
                                                const std::string& text) const {
    const std::string path = folder_ / name;
    std::ofstream(path) << "#!/bin/sh\ncd " << folder_.path().string() << "\n" << text;
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return {"--" + name, path};
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    return usine::os::read_file(folder_ / name).value_or("");
  }
  [[nodiscard]] std::string path() const { return folder_.path(); }

 private:
  usine::test::TempFolder folder_;
};

Json node_of(const TestCluster& cluster, const std::string& name) {
  return cluster.usine_json({"show", "node", name});
}

std::string drain_reason(const TestCluster& cluster, const std::string& name) {
  const Json node = node_of(cluster, name);
  return node.is_object() && node["drain"].is_object() ? node["drain"].value("reason", "") : "";
}

}  // namespace

TEST_CASE("[B45] a prolog that fails on a node drains it and the gang starts on the others") {
  const SiteFolder site;
  std::vector<std::string> options =
      site.option("prolog", "[ $USINE_NODE != node001 ] || { echo no scratch; exit 3; }\n");
  for (const std::string& word :
       site.option("epilog", "echo $USINE_NODE $USINE_JOB_ID >> cleared\n")) {
    options.push_back(word);
  }
  const TestCluster cluster({.nodes = 3, .up = options});
  const auto job = cluster.submit({"-N2", "--exclusive", "-o", "/dev/null", "--wrap", "true"});
  CHECK(cluster.reaches(job, "completed"));
  CHECK(drain_reason(cluster, "node001") == "prolog exited with 3: no scratch");
  const Json shown = cluster.usine_json({"show", "job", std::to_string(job)});
  CHECK(shown["attempt"] == 2);
  CHECK(drain_reason(cluster, "node002").empty());
  CHECK(drain_reason(cluster, "node003").empty());
  CHECK(site.read("cleared").find("node001 " + std::to_string(job)) != std::string::npos);
}

TEST_CASE("[B45] nobody gets what a job had while its epilog runs and its agent is killed") {
  const SiteFolder site;
  const TestCluster cluster({.nodes = 1,
                             .up = site.option("epilog",
                                               "echo began >> epilogs\n"
                                               "while [ ! -e go ]; do sleep 0.05; done\n"
                                               "echo ended >> epilogs\n")});
  const auto first = cluster.submit({"--exclusive", "-o", "/dev/null", "--wrap", "exit 7"});
  REQUIRE(wait_until([&] { return site.read("epilogs") == "began\n"; }));
  CHECK(cluster.reaches(first, "stopping"));
  const auto second = cluster.submit(
      {"--exclusive", "-o", "/dev/null", "--wrap", "cp " + site.path() + "/epilogs seen"});
  REQUIRE(::kill(cluster.agent_pid("node001"), SIGKILL) == 0);
  cluster.up();
  REQUIRE(wait_until([&] { return site.read("epilogs") == "began\nbegan\n"; }));
  CHECK(cluster.state_of(second) == "pending");
  std::ofstream(site.path() + "/go") << "go";
  CHECK(cluster.reaches(first, "failed"));
  CHECK(cluster.reaches(second, "completed"));
  CHECK(cluster.read("seen") == "began\nbegan\nended\n");
}

TEST_CASE("[B45] an epilog that fails drains its node and the job has completed all the same") {
  const SiteFolder site;
  const TestCluster cluster(
      {.nodes = 1, .up = site.option("epilog", "echo GPU 3 is stuck; exit 4\n")});
  const auto job = cluster.submit({"-o", "/dev/null", "--wrap", "true"});
  CHECK(cluster.reaches(job, "completed"));
  CHECK(drain_reason(cluster, "node001") == "epilog exited with 4: GPU 3 is stuck");
}
