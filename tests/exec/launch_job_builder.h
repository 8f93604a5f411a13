// A job for tests of its launch: four cores and eight hardware threads on each node.
#pragma once

#include <cstdint>
#include <string>

#include "agent/core/launch_job.h"

namespace usine::test {

[[nodiscard]] inline agent::LaunchJob launch_job(std::uint32_t nodes,
                                                 std::uint32_t tasks_per_node) {
  agent::LaunchJob job;
  job.key = {JobId{1234}, AttemptNumber{1}};
  job.name = "train";
  job.user = "ada";
  job.uid = 1000;
  job.gid = 100;
  job.project = "physics";
  job.partition = "gpu";
  job.cluster = "test";
  for (std::uint32_t i = 0; i < nodes; ++i) {
    job.nodes.push_back({.name = "node" + std::to_string(i),
                         .pus = {0, 4, 1, 5, 2, 6, 3, 7},
                         .cores = 4,
                         .gpus = {2 * i, 2 * i + 1},
                         .nics = {"mlx5_0"},
                         .memory_mib = 1024,
                         .component = 0,
                         .leaf = "leaf1"});
  }
  job.components.push_back({.nodes = nodes,
                            .tasks_per_node = tasks_per_node,
                            .tasks = nodes * tasks_per_node,
                            .cores_per_task = 1,
                            .gpus_per_node = 2});
  job.working_directory = "/home/ada";
  job.folder = "/var/lib/usine/1234.1";
  job.temporary = job.folder + "/tmp";
  return job;
}

}  // namespace usine::test
