// From counts as users write them (nodes, tasks, GPUs in all or each, memory by node, core or GPU)
// to one component's like share of a node. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/request.h"

namespace usine {

// What was asked for; what was not stays empty.
struct TaskCounts {
  std::optional<std::uint32_t> nodes;
  std::optional<std::uint32_t> tasks;
  std::optional<std::uint32_t> tasks_per_node;
  std::optional<std::uint32_t> cores_per_task;
  std::optional<std::uint32_t> cores_per_gpu;
  std::optional<std::uint32_t> gpus;  // in all
  std::optional<std::uint32_t> gpus_per_node;
  std::optional<std::uint32_t> gpus_per_task;
  std::string gpu_type;
  // At most one of the three; 0 is all memory of a node.
  std::optional<std::int64_t> memory_per_node_mib;
  std::optional<std::int64_t> memory_per_core_mib;
  std::optional<std::int64_t> memory_per_gpu_mib;
};

// Fills in the counts of `component` and its per_node. What follows from the rest is worked out as
// Slurm does; without any count: one node, one task, one core. Warnings say what was changed.
// Error: kInvalid, with the numbers that contradict each other.
[[nodiscard]] Status lay_out_tasks(TaskCounts counts, Component& component,
                                   std::vector<std::string>& warnings);

}  // namespace usine
