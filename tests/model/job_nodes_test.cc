// A job's list of nodes, of which what neighbours share is held once.
#include "model/job_nodes.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace usine;

namespace {

JobNode node(const std::string& name, const std::string& leaf, std::size_t gpus) {
  JobNode made;
  made.name = name;
  made.leaf = leaf;
  made.gpus = GpuSet::first(gpus);
  made.memory_mib = 1024;
  return made;
}

}  // namespace

TEST_CASE("a list of a job's nodes gives back each node as it was put in") {
  const std::vector<JobNode> nodes = {node("a", "leaf1", 8), node("b", "leaf1", 8),
                                      node("c", "leaf2", 8), node("d", "leaf2", 4),
                                      node("e", "leaf1", 8)};
  const JobNodes list(nodes);
  REQUIRE(list.size() == nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) CHECK(list[i] == nodes[i]);
  CHECK(JobNodes::from_parts(list.parts()).value() == list);
}

TEST_CASE("equal neighbours in a list of a job's nodes are held once") {
  std::vector<JobNode> nodes;
  for (int i = 0; i < 1000; ++i) {
    nodes.push_back(node("n" + std::to_string(i), "leaf" + std::to_string(i / 100), 8));
  }
  const JobNodes list(nodes);
  CHECK(list.parts().shares.size() == 1);
  CHECK(list.parts().leaves.size() == 10);
  CHECK(list[999] == nodes[999]);
}

TEST_CASE("parts of a list of nodes that do not fit together are refused") {
  const JobNodes::Parts good = JobNodes({node("a", "x", 1), node("b", "y", 2)}).parts();
  REQUIRE(JobNodes::from_parts(good));
  JobNodes::Parts late = good;
  late.share_runs.front().first = 1;
  CHECK_FALSE(JobNodes::from_parts(late));
  JobNodes::Parts beyond = good;
  beyond.share_runs.back().first = 2;
  CHECK_FALSE(JobNodes::from_parts(beyond));
  JobNodes::Parts of_nothing = good;
  of_nothing.leaf_runs.back().of = 2;
  CHECK_FALSE(JobNodes::from_parts(of_nothing));
  JobNodes::Parts twice = good;
  twice.leaf_runs.push_back(twice.leaf_runs.back());
  CHECK_FALSE(JobNodes::from_parts(twice));
  JobNodes::Parts none = good;
  none.leaf_runs.clear();
  CHECK_FALSE(JobNodes::from_parts(none));
  CHECK(JobNodes::from_parts({}));
}
