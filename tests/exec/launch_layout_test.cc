// Which ranks of a step run where.
#include "agent/core/launch_layout.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/exec/launch_job_builder.h"

using namespace usine;
using namespace usine::agent;
using usine::test::launch_job;

namespace {

// Tasks on each node of the layout, or nothing where the step is refused.
std::vector<std::uint32_t> counts(const LaunchJob& job, const StepRequest& request) {
  const auto layout = lay_out_step(job, request);
  std::vector<std::uint32_t> tasks;
  if (!layout) return tasks;
  for (const StepLayout::Node& node : layout->nodes) tasks.push_back(node.tasks);
  return tasks;
}

using Counts = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("[B35] consecutive ranks share a node and nodes are taken in the job's order") {
  const auto layout = lay_out_step(launch_job(3, 2), {});
  REQUIRE(layout);
  CHECK(layout->nodes == std::vector<StepLayout::Node>{{0, 0, 2}, {1, 2, 2}, {2, 4, 2}});
  CHECK(layout->tasks() == 6);
  CHECK(layout->place_of(0) == 0);
  CHECK(layout->place_of(3) == 1);
  CHECK(layout->place_of(5) == 2);
}

TEST_CASE("a step without numbers of its own has its job's tasks") {
  LaunchJob job = launch_job(4, 2);
  job.components[0].tasks = 7;
  CHECK(counts(job, {}) == Counts{2, 2, 2, 1});
}

TEST_CASE("each component of a job gives its own nodes its own tasks") {
  LaunchJob job = launch_job(3, 1);
  job.components = {{.nodes = 1, .tasks_per_node = 4, .tasks = 4},
                    {.nodes = 2, .tasks_per_node = 1, .tasks = 2}};
  job.nodes[1].component = 1;
  job.nodes[2].component = 1;
  CHECK(counts(job, {}) == Counts{4, 1, 1});
  job.components[1].cores_per_task = 3;
  const auto layout = lay_out_step(job, {});
  REQUIRE(layout);
  CHECK(layout->nodes[0].cores_per_task == 1);
  CHECK(layout->nodes[2].cores_per_task == 3);
}

TEST_CASE("tasks are spread evenly with one more on the first nodes") {
  CHECK(counts(launch_job(3, 1), {.tasks = 7}) == Counts{3, 2, 2});
  CHECK(counts(launch_job(3, 1), {.tasks = 2}) == Counts{1, 1});
  CHECK(counts(launch_job(3, 1), {.nodes = 2, .tasks = 6}) == Counts{3, 3});
  CHECK(counts(launch_job(3, 1), {.tasks = 4, .tasks_per_node = 2}) == Counts{2, 2});
  CHECK(counts(launch_job(3, 1), {.tasks_per_node = 2}) == Counts{2, 2, 2});
}

TEST_CASE("what a small node cannot take goes to the others") {
  LaunchJob job = launch_job(3, 1);
  job.nodes[1].cores = 1;
  CHECK(counts(job, {.tasks = 9}) == Counts{4, 1, 4});
}

TEST_CASE("[B58] a step may not exceed its job and is told by how much") {
  const LaunchJob job = launch_job(2, 1);
  const auto message = [&](const StepRequest& request) {
    const auto layout = lay_out_step(job, request);
    return layout ? "" : layout.error().message;
  };
  CHECK(message({.nodes = 3}) == "the step asks for 3 nodes; its job has 2");
  CHECK(message({.tasks = 9}) ==
        "the step asks for 9 tasks of 1 core on 2 nodes; its job has room for 8 there");
  CHECK(message({.tasks = 3, .cores_per_task = 4}) ==
        "the step asks for 3 tasks of 4 cores on 2 nodes; its job has room for 2 there");
  CHECK(message({.nodes = 2, .tasks = 1}) == "1 task cannot run on 2 nodes");
  CHECK(message({.tasks = 8}).empty());
}

TEST_CASE("counts per node are written as Slurm writes them") {
  CHECK(repeated_counts({2, 2, 2, 1}) == "2(x3),1");
  CHECK(repeated_counts({4}) == "4");
  CHECK(repeated_counts({}).empty());
}
