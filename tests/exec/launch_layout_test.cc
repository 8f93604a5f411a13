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
  for (const StepLayout::Node& node : layout->nodes) tasks.push_back(node.tasks());
  return tasks;
}

using Counts = std::vector<std::uint32_t>;

// The ranks on each node, "0,1 2" for two and one; or what is wrong.
std::string ranks(const LaunchJob& job, const StepRequest& request) {
  const auto layout = lay_out_step(job, request);
  if (!layout) return layout.error().message;
  std::string text;
  for (const StepLayout::Node& node : layout->nodes) {
    text += text.empty() ? "" : " ";
    for (const std::uint32_t rank : node.ranks) {
      text += (rank == node.ranks.front() ? "" : ",") + std::to_string(rank);
    }
  }
  return text;
}

// GPUs on each node, or what is wrong.
std::string gpus(const LaunchJob& job, const StepRequest& request) {
  const auto layout = lay_out_step(job, request);
  if (!layout) return layout.error().message;
  std::vector<std::uint32_t> counts;
  for (const StepLayout::Node& node : layout->nodes) counts.push_back(node.gpus);
  return repeated_counts(counts);
}

TaskDistribution distribution(const std::string& text) { return parse_distribution(text).value(); }

}  // namespace

TEST_CASE("[B35] consecutive ranks share a node and nodes are taken in the job's order") {
  const auto layout = lay_out_step(launch_job(3, 2), {});
  REQUIRE(layout);
  CHECK(layout->nodes ==
        std::vector<StepLayout::Node>{{0, 1, 2, {0, 1}}, {1, 1, 2, {2, 3}}, {2, 1, 2, {4, 5}}});
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

TEST_CASE("ranks go to nodes in blocks or one by one or so many at a time") {
  const LaunchJob job = launch_job(3, 1);
  CHECK(ranks(job, {.tasks = 7}) == "0,1,2 3,4 5,6");
  // The worked examples of Slurm's manual, on nodes that hold four tasks.
  CHECK(ranks(job, {.tasks = 7, .distribution = distribution("cyclic")}) == "0,3,6 1,4 2,5");
  CHECK(ranks(job, {.tasks = 10, .distribution = distribution("plane=2")}) ==
        "0,1,6,7 2,3,8,9 4,5");
  CHECK(ranks(job, {.nodes = 2, .tasks = 6, .distribution = distribution("plane=4")}) ==
        "0,1,2,3 4,5");
  CHECK(ranks(job, {.nodes = 2, .tasks = 8, .distribution = distribution("plane=16")}) ==
        "0,1,2,3 4,5,6,7");
}

TEST_CASE("a job's own tasks are dealt out as its step asks and stay within their component") {
  LaunchJob job = launch_job(4, 2);
  job.components = {{.nodes = 2, .tasks_per_node = 2, .tasks = 4},
                    {.nodes = 2, .tasks_per_node = 2, .tasks = 4}};
  job.nodes[2].component = job.nodes[3].component = 1;
  CHECK(ranks(job, {}) == "0,1 2,3 4,5 6,7");
  CHECK(ranks(job, {.distribution = distribution("cyclic")}) == "0,2 1,3 4,6 5,7");
  const auto layout = lay_out_step(job, {.distribution = distribution("cyclic")});
  REQUIRE(layout);
  CHECK(layout->place_of(3) == 1);
  CHECK(layout->place_of(6) == 2);
}

TEST_CASE("[B58] a step has all GPUs of its nodes unless it says how many") {
  const LaunchJob job = launch_job(3, 1);  // two GPUs each
  CHECK(gpus(job, {}) == "2(x3)");
  CHECK(gpus(job, {.tasks = 1}) == "2");
  CHECK(gpus(job, {.tasks = 1, .gpus = 0}) == "0");
  CHECK(gpus(job, {.gpus = 4}) == "2,1(x2)");
  CHECK(gpus(job, {.gpus_per_node = 1}) == "1(x3)");
  CHECK(gpus(job, {.tasks = 4, .gpus_per_task = 1}) == "2,1(x2)");
  CHECK_MESSAGE(ranks(job, {.gpus = 6, .gpus_per_task = 2}) == "0 1 2",
                "as many tasks as there are GPUs for");
}

TEST_CASE("[B58] a step may not have more GPUs than its job and is told by how much") {
  const LaunchJob job = launch_job(2, 1);
  CHECK(gpus(job, {.gpus = 5}) == "the step asks for 5 GPUs; its job has 4 on the step's nodes");
  CHECK(gpus(job, {.gpus_per_node = 3}) ==
        "the step asks for 3 GPUs on node0; its job has 2 there");
  CHECK(gpus(job, {.tasks = 5, .gpus_per_task = 1}) ==
        "the step asks for 5 tasks of 1 core and 1 GPU on 2 nodes; its job has room for 4 there");
  CHECK(gpus(job, {.tasks = 4, .gpus = 2, .gpus_per_task = 1}) ==
        "2 tasks of 1 GPU on node0 do not fit in the step's 1 there");
  CHECK(gpus(job, {.gpus_per_task = 4'000'000'000}) ==
        "the step asks for 4000000000 GPUs on node0; its job has 2 there");
  CHECK(ranks(job, {.tasks_per_node = 4'000'000'000}) ==
        "the step asks for more than 50000 of something: ask for less");
}

TEST_CASE("counts per node are written as Slurm writes them") {
  CHECK(repeated_counts({2, 2, 2, 1}) == "2(x3),1");
  CHECK(repeated_counts({4}) == "4");
  CHECK(repeated_counts({}).empty());
}
