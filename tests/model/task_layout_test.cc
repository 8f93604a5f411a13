#include <doctest/doctest.h>

#include "tests/model/resolve.h"

using namespace usine;
using test::component;
using test::contains;
using test::refusal;

TEST_CASE("tasks and nodes follow from each other") {
  CHECK(component({.command_line = {"-N4", "--ntasks-per-node=2"}}).tasks == 8);
  CHECK(component({.command_line = {"-N4", "-n6"}}).tasks_per_node == 2);
  CHECK(component({.command_line = {"-n8", "--ntasks-per-node=3"}}).nodes == 3);
  CHECK(component({.command_line = {"-N3"}}).tasks == 3);
  CHECK(component({.command_line = {"-w", "n[1-4]"}}).nodes == 4);
}

TEST_CASE("fewer tasks than nodes take fewer nodes and say so") {
  const auto resolved = test::resolve({.command_line = {"-N4", "-n2"}});
  REQUIRE(resolved);
  CHECK(resolved->request.components[0].nodes == 2);
  REQUIRE(resolved->warnings.size() == 1);
  CHECK(contains(resolved->warnings[0], "the job takes 2 nodes"));
}

TEST_CASE("GPUs a node follow from every way to ask for them") {
  CHECK(component({.command_line = {"--gpus=8", "-N2"}}).per_node.gpus == 4);
  CHECK(component({.command_line = {"--gpus-per-task=2", "--ntasks-per-node=4"}}).per_node.gpus ==
        8);
  CHECK(component({.command_line = {"--gres=gpu"}}).per_node.gpus == 1);
  CHECK(component({.command_line = {"--gres=gpu:a100:3"}}).per_node.gpus == 3);
  CHECK(component({.command_line = {"--gres=gpu:a100"}}).per_node.gpus == 1);
  CHECK(component({.command_line = {"--gres=gpu:a100:3"}}).per_node.gpu_type == "a100");
  CHECK(component({.command_line = {"--gpus=16", "--gpus-per-node=8"}}).nodes == 2);
  CHECK(component({.command_line = {"--gpus-per-node=8", "--gpus-per-task=1"}}).tasks == 8);
  CHECK(component({.command_line = {"--gres=gpu:4", "--gpus-per-node=4"}}).per_node.gpus == 4);
}

TEST_CASE("memory that no number holds is refused and not wrapped around") {
  for (const char* const option : {"--mem-per-cpu=4000000T", "--mem=4000000T"}) {
    CAPTURE(option);
    CHECK(contains(refusal({.command_line = {"-c100000", option}}), "ask for less"));
  }
  CHECK(contains(refusal({.command_line = {"--gpus-per-node=8", "--mem-per-gpu=4000000T"}}),
                 "ask for less"));
}

TEST_CASE("cores and memory a node are the sum over its tasks cores and GPUs") {
  const auto part = component({.command_line = {"--ntasks-per-node=4", "-c3", "--mem-per-cpu=2G"}});
  CHECK(part.per_node.cores == 12);
  CHECK(part.per_node.memory_mib == 12 * 2048);
  CHECK(component({.command_line = {"--gpus-per-node=4", "--cpus-per-gpu=10"}}).per_node.cores ==
        40);
  CHECK(
      component({.command_line = {"--gpus-per-node=4", "--mem-per-gpu=60G"}}).per_node.memory_mib ==
      4 * 60 * 1024);
  CHECK(component({.command_line = {"--mem=0"}}).per_node.memory_mib == NodeDemand::kAllMemory);
  CHECK(component({}).per_node.memory_mib == 0);
}

TEST_CASE("contradictions are refused with the numbers on both sides") {
  CHECK(refusal({.command_line = {"-N2", "-n10", "--ntasks-per-node=4"}}) ==
        "--ntasks=10 contradicts --nodes=2 with --ntasks-per-node=4, which is 8 tasks at most");
  CHECK(refusal({.command_line = {"-N2", "--gpus=8", "--gpus-per-node=8"}}) ==
        "--gpus-per-node=8 contradicts --gpus=8 on 2 nodes: 8 and 4 GPUs a node");
  CHECK(contains(refusal({.command_line = {"-N3", "--gpus=8"}}), "shared evenly by 3 nodes"));
  CHECK(
      contains(refusal({.command_line = {"--gres=gpu:4", "--gpus-per-node=8"}}), "8 GPUs a node"));
  CHECK(
      contains(refusal({.command_line = {"-c4", "--cpus-per-gpu=4", "-G1"}}), "--cpus-per-gpu=4"));
  CHECK(contains(refusal({.command_line = {"--cpus-per-gpu=4"}}), "needs GPUs"));
  CHECK(contains(refusal({.command_line = {"--mem-per-gpu=4G"}}), "needs GPUs"));
  CHECK(contains(refusal({.command_line = {"--mem=4G", "--mem-per-cpu=1G"}}), "contradict"));
  CHECK(contains(refusal({.command_line = {"-N0"}}), "at least one node"));
  CHECK(contains(refusal({.command_line = {"-n0"}}), "at least one task"));
  CHECK(contains(refusal({.command_line = {"-N1-4"}}), "a range of nodes"));
  CHECK(contains(refusal({.command_line = {"-N4000000000", "--ntasks-per-node=9"}}), "limit"));
}
