// Which of a step's cores and GPUs on one node each of its tasks is bound to: the default, what
// --cpu-bind and --gpu-bind say, and the order over sockets of --distribution. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/launch_job.h"
#include "common/result.h"
#include "model/binding_options.h"
#include "model/task_distribution.h"

namespace usine::agent {

// What a step has on a node, by position among the job's cores and GPUs there.
struct NodeShare {
  std::vector<std::uint32_t> cores;
  std::vector<std::uint32_t> gpus;
};

// What each task asks for.
struct TaskDemand {
  std::uint32_t tasks = 1;
  std::uint32_t cores_per_task = 1;
  std::uint32_t gpus_per_task = 0;  // 0: not said
  TaskDistribution::OverSockets over_sockets = TaskDistribution::OverSockets::kBlock;
};

class TaskBinding {
 public:
  // `node` outlives this.
  TaskBinding(const LaunchNode& node, NodeShare share, const TaskDemand& demand);

  // Hardware threads by the system's numbers, ascending. Error: kInvalid where the option names one
  // that the job has not.
  [[nodiscard]] Result<std::vector<std::uint32_t>> pus_of(const CpuBinding& binding,
                                                          std::uint32_t task) const;
  // GPUs by the node's numbers, as CUDA_VISIBLE_DEVICES has them. Error: kInvalid where the option
  // names one that the step has not.
  [[nodiscard]] Result<std::vector<std::uint32_t>> gpus_of(const GpuBinding& binding,
                                                           std::uint32_t task) const;
  // All of the step on this node.
  [[nodiscard]] std::vector<std::uint32_t> gpus() const;

 private:
  [[nodiscard]] std::vector<std::uint32_t> cores_like(const std::vector<std::int32_t>& places,
                                                      std::uint32_t task) const;
  [[nodiscard]] std::vector<std::uint32_t> closest_gpus(std::uint32_t task) const;
  [[nodiscard]] Result<std::vector<std::uint32_t>> gpus_listed(const BoundNumbers& numbers) const;

  const LaunchNode& node_;
  const NodeShare share_;
  const TaskDemand demand_;
  std::vector<std::vector<std::uint32_t>> cores_of_task_;  // positions in the node
};

// The node's cores in the order in which a step is to be given them: as they come, or those for one
// task from each socket in turn.
[[nodiscard]] std::vector<std::uint32_t> cores_in_order(const LaunchNode& node,
                                                        const TaskDemand& demand);

// The hardware threads of some of the node's cores, by their positions.
[[nodiscard]] std::vector<std::uint32_t> pus_of_cores(const LaunchNode& node,
                                                      const std::vector<std::uint32_t>& cores);

// "0-3,8"; "none" where there is none.
[[nodiscard]] std::string number_ranges(const std::vector<std::uint32_t>& numbers);

}  // namespace usine::agent
