// Which ranks of a step run on which of the job's nodes, and how many cores and GPUs it has there.
// Nodes are taken in the job's order; without a word on it consecutive ranks share a node. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/launch_job.h"
#include "common/result.h"
#include "model/task_distribution.h"

namespace usine::agent {

// What `usine run` asked for; 0 or nothing means as the job asked.
struct StepRequest {
  std::uint32_t nodes = 0;
  std::uint32_t tasks = 0;
  std::uint32_t tasks_per_node = 0;
  std::uint32_t cores_per_task = 0;
  std::optional<std::uint32_t> gpus{};  // in all; none of the three: all GPUs of its nodes
  std::optional<std::uint32_t> gpus_per_node{};
  std::optional<std::uint32_t> gpus_per_task{};
  TaskDistribution distribution{};

  friend bool operator==(const StepRequest&, const StepRequest&) = default;
};

struct StepLayout {
  struct Node {
    std::uint32_t job_node = 0;  // index in LaunchJob::nodes
    std::uint32_t cores_per_task = 1;
    std::uint32_t gpus = 0;            // of all its tasks
    std::vector<std::uint32_t> ranks;  // ascending, by local rank; never empty

    [[nodiscard]] std::uint32_t tasks() const { return static_cast<std::uint32_t>(ranks.size()); }
    friend bool operator==(const Node&, const Node&) = default;
  };
  std::vector<Node> nodes;

  [[nodiscard]] std::uint32_t tasks() const;
  // Where nodes[place] holds the rank.
  [[nodiscard]] std::size_t place_of(std::uint32_t rank) const;
  // "2(x3),1": tasks on each node, as SLURM_TASKS_PER_NODE writes them.
  [[nodiscard]] std::string tasks_per_node_text() const;

  friend bool operator==(const StepLayout&, const StepLayout&) = default;
};

// What a step has on one of the job's nodes.
struct NodeTasks {
  std::uint32_t tasks = 0;
  std::uint32_t cores_per_task = 1;
  std::uint32_t gpus = 0;
};

// The layout from what the step has on each of the job's nodes; nodes without tasks are left out.
// Ranks are dealt out over the nodes of one component of the job after the other.
[[nodiscard]] StepLayout layout_of(const LaunchJob& job, const std::vector<NodeTasks>& on_node,
                                   const TaskDistribution& distribution);

// Error: kRefused where the step does not fit in its job, with what it asks for and what there is
// (B58); kInvalid where it asks for more nodes than tasks.
[[nodiscard]] Result<StepLayout> lay_out_step(const LaunchJob& job, const StepRequest& request);

// "4(x2),3": equal neighbours joined, as Slurm writes counts per node.
[[nodiscard]] std::string repeated_counts(const std::vector<std::uint32_t>& counts);

}  // namespace usine::agent
