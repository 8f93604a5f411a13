// What a step's tasks are bound to on one node.
#include "agent/core/task_binding.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/exec/launch_job_builder.h"

using namespace usine;
using namespace usine::agent;
using usine::test::launch_job;

namespace {

using Numbers = std::vector<std::uint32_t>;

// Two sockets of two NUMA domains each, two cores a domain with two hardware threads each, and a
// GPU in every domain: core i has the threads i and i + 8.
LaunchNode big_node() {
  LaunchNode node;
  node.name = "node7";
  node.cores = 8;
  for (std::uint32_t core = 0; core < 8; ++core) {
    node.pus.insert(node.pus.end(), {core, core + 8});
    node.core_packages.push_back(static_cast<std::int32_t>(core / 4));
    node.core_numas.push_back(static_cast<std::int32_t>(core / 2));
  }
  node.gpus = {4, 5, 6, 7};
  node.gpu_numas = {0, 1, 2, 3};
  return node;
}

NodeShare all_of(const LaunchNode& node) {
  NodeShare share;
  for (std::uint32_t core = 0; core < node.cores; ++core) share.cores.push_back(core);
  for (std::uint32_t gpu = 0; gpu < node.gpus.size(); ++gpu) share.gpus.push_back(gpu);
  return share;
}

// Processors of each task, "0,8 1,9"; or what is wrong.
std::string cpus(const TaskBinding& binding, std::uint32_t tasks, const std::string& option) {
  std::string text;
  for (std::uint32_t task = 0; task < tasks; ++task) {
    const auto pus = binding.pus_of(parse_cpu_binding(option).value(), task);
    if (!pus) return pus.error().message;
    text += (text.empty() ? "" : " ") + number_ranges(*pus);
  }
  return text;
}

std::string gpus(const TaskBinding& binding, std::uint32_t tasks, const std::string& option) {
  std::string text;
  for (std::uint32_t task = 0; task < tasks; ++task) {
    const auto numbers = binding.gpus_of(parse_gpu_binding(option).value(), task);
    if (!numbers) return numbers.error().message;
    text += (text.empty() ? "" : " ") + number_ranges(*numbers);
  }
  return text;
}

}  // namespace

TEST_CASE("Without a word each task has the neighbouring cores that it asked for") {
  const LaunchNode node = big_node();
  const TaskBinding binding(node, all_of(node), {.tasks = 3, .cores_per_task = 2});
  CHECK(cpus(binding, 3, "") == "0-1,8-9 2-3,10-11 4-5,12-13");
  CHECK(cpus(binding, 3, "cores") == cpus(binding, 3, ""));
  CHECK_MESSAGE(gpus(binding, 3, "") == "4-7 4-7 4-7", "and sees all of the step's GPUs");
}

TEST_CASE("Each kind of --cpu-bind binds a task to what it says and never beyond the step") {
  const LaunchNode node = big_node();
  const NodeShare share{{0, 1, 3, 4, 6}, {}};
  const TaskBinding binding(node, share, {.tasks = 2, .cores_per_task = 2});
  CHECK(cpus(binding, 2, "threads") == "0-1 3-4");
  CHECK_MESSAGE(cpus(binding, 2, "sockets") == "0-1,3,8-9,11 0-1,3-4,6,8-9,11-12,14",
                "the second task has cores on both sockets");
  CHECK(cpus(binding, 2, "ldoms") == "0-1,8-9 3-4,11-12");
  CHECK(cpus(binding, 2, "none") == "0-1,3-4,6,8-9,11-12,14 0-1,3-4,6,8-9,11-12,14");
  CHECK(cpus(binding, 2, "rank") == "0 8");
}

TEST_CASE("Lists and masks of --cpu-bind are taken in turn and name processors of the job") {
  const LaunchNode node = big_node();
  const TaskBinding binding(node, all_of(node), {.tasks = 3});
  CHECK(cpus(binding, 3, "map_cpu:5,2") == "5 2 5");
  CHECK(cpus(binding, 3, "mask_cpu:0x3,c") == "0-1 2-3 0-1");
  CHECK(cpus(binding, 3, "map_cpu:0,16") ==
        "--cpu-bind: processor 16 is not of the job on node7, which has 0-15 there");
}

TEST_CASE("A cyclic distribution over sockets gives consecutive tasks cores of different ones") {
  const LaunchNode node = big_node();
  using enum TaskDistribution::OverSockets;
  const TaskBinding one_each(node, all_of(node), {.tasks = 4, .over_sockets = kCyclic});
  CHECK(cpus(one_each, 4, "threads") == "0 4 1 5");
  const TaskBinding two_each(node, all_of(node),
                             {.tasks = 3, .cores_per_task = 2, .over_sockets = kCyclic});
  CHECK(cpus(two_each, 3, "threads") == "0-1 4-5 2-3");
  const TaskBinding wide(node, all_of(node),
                         {.tasks = 2, .cores_per_task = 3, .over_sockets = kCyclic});
  CHECK(cpus(wide, 2, "threads") == "0-2 4-6");
  const TaskBinding too_wide(node, {{0, 1, 2, 4, 5, 6}, {}},
                             {.tasks = 3, .cores_per_task = 2, .over_sockets = kCyclic});
  CHECK_MESSAGE(cpus(too_wide, 3, "threads") == "0-1 4-5 2,6", "what is left of two sockets");
}

TEST_CASE("A step that is spread over sockets is given cores of all of them") {
  const LaunchNode node = big_node();
  using enum TaskDistribution::OverSockets;
  CHECK(cores_in_order(node, {.tasks = 2, .cores_per_task = 2}) == Numbers{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(cores_in_order(node, {.tasks = 2, .cores_per_task = 2, .over_sockets = kCyclic}) ==
        Numbers{0, 1, 4, 5, 2, 3, 6, 7});
  CHECK(cores_in_order(node, {.tasks = 2, .cores_per_task = 3, .over_sockets = kCyclic}) ==
        Numbers{0, 1, 2, 4, 5, 6, 3, 7});
}

TEST_CASE("Each kind of --gpu-bind shows a task those of the step's GPUs that it says") {
  const LaunchNode node = big_node();
  const TaskBinding binding(node, all_of(node), {.tasks = 4, .cores_per_task = 2});
  CHECK(gpus(binding, 4, "none") == "4-7 4-7 4-7 4-7");
  CHECK(gpus(binding, 4, "closest") == "4 5 6 7");
  CHECK(gpus(binding, 4, "per_task:1") == "4 5 6 7");
  CHECK(gpus(binding, 4, "map_gpu:3,0") == "7 4 7 4");
  CHECK(gpus(binding, 4, "mask_gpu:3,0xc") == "4-5 6-7 4-5 6-7");
  CHECK(gpus(binding, 4, "map_gpu:4") ==
        "--gpu-bind: there is no GPU 4 of the step on node7, which has 4, counted from 0");
  CHECK(gpus(binding, 4, "per_task:2") ==
        "--gpu-bind: 4 tasks of 2 GPUs need more than the step's 4 on node7");
}

TEST_CASE("Of several close GPUs single gives each so many tasks before the next") {
  const LaunchNode node = big_node();
  LaunchNode two_close = node;
  two_close.gpu_numas = {0, 0, 1, 3};
  // All tasks have cores of the first NUMA domain alone.
  const TaskBinding near(two_close, {{0, 1}, {0, 1, 2, 3}}, {.tasks = 4});
  CHECK(gpus(near, 4, "closest") == "4-5 4-5 4-5 4-5");
  CHECK(gpus(near, 4, "single:1") == "4 5 4 5");
  CHECK(gpus(near, 4, "single:2") == "4 4 5 5");
  const TaskBinding far(two_close, {{4, 5}, {0, 1}}, {.tasks = 2});
  CHECK_MESSAGE(gpus(far, 2, "closest") == "4-5 4-5", "none is close: all are as far");
}

TEST_CASE("Tasks that ask for GPUs of their own see those alone unless told otherwise") {
  const LaunchNode node = big_node();
  const TaskBinding binding(node, all_of(node), {.tasks = 2, .gpus_per_task = 2});
  CHECK(gpus(binding, 2, "") == "4-5 6-7");
  CHECK(gpus(binding, 2, "none") == "4-7 4-7");
  const TaskBinding none(node, {{0, 1}, {}}, {.tasks = 2});
  CHECK(gpus(none, 2, "closest") == "none none");
  CHECK(gpus(none, 2, "single:1") == "none none");
}

TEST_CASE("A node of unknown shape is one place and tasks beyond its cores share them") {
  const LaunchJob job = launch_job(1, 1);  // four cores, nothing known of their places
  const LaunchNode& node = job.nodes.front();
  const TaskBinding binding(node, all_of(node), {.tasks = 6});
  CHECK(cpus(binding, 6, "threads") == "0 1 2 3 0 1");
  CHECK(cpus(binding, 1, "sockets") == "0-7");
  CHECK(gpus(binding, 1, "closest") == "0-1");
  const LaunchNode nothing;
  const TaskBinding unbound(nothing, {}, {.tasks = 1});
  CHECK(cpus(unbound, 1, "rank") == "none");
}

TEST_CASE("The hardware threads of a core stay together and numbers are written as ranges") {
  const LaunchJob job = launch_job(1, 1);
  CHECK(pus_of_cores(job.nodes[0], {1, 3}) == Numbers{1, 5, 3, 7});
  CHECK(number_ranges({0, 1, 2, 5, 7, 8}) == "0-2,5,7-8");
  CHECK(number_ranges({}) == "none");
}
