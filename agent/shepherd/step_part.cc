#include "agent/shepherd/step_part.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/core/launch_mpirun.h"

namespace usine::shepherd {

Status StepPart::read() {
  auto order = read_step_order(launch_.run());
  if (!order) return fail(order.error());
  order_ = *std::move(order);
  command_.environment = agent::split_environment(launch_.run().environment());
  command_.working_directory = launch_.run().working_directory();
  return read_layout();
}

Status StepPart::read_layout() {
  const auto& nodes = launch_.node_indexes();
  std::vector<agent::NodeTasks> on_node(job_.nodes.size());
  const bool parallel = nodes.size() == launch_.tasks_on_node_size() &&
                        nodes.size() == launch_.cores_per_task_size() &&
                        nodes.size() == launch_.gpus_on_node_size();
  for (int i = 0; parallel && i < nodes.size(); ++i) {
    if (nodes[i] >= on_node.size()) continue;
    on_node[nodes[i]] = {launch_.tasks_on_node(i), std::max(launch_.cores_per_task(i), 1u),
                         launch_.gpus_on_node(i)};
  }
  layout_ = agent::layout_of(job_, on_node, order_.request.distribution);
  const auto here =
      std::ranges::find(layout_.nodes, job_.this_node, &agent::StepLayout::Node::job_node);
  if (here == layout_.nodes.end()) {
    return fail(ErrorCode::kInvalid, "the step has no task for this node");
  }
  place_ = static_cast<std::size_t>(here - layout_.nodes.begin());
  return order_.check(layout_.tasks());
}

void StepPart::take_share() {
  const agent::TaskDemand demand{.tasks = here().tasks(),
                                 .cores_per_task = here().cores_per_task,
                                 .gpus_per_task = order_.request.gpus_per_task.value_or(0),
                                 .over_sockets = order_.request.distribution.sockets};
  const std::size_t cores = std::size_t{demand.tasks} * demand.cores_per_task;
  agent::NodeShare share{books_.cores.find(cores, agent::cores_in_order(job_.node(), demand)),
                         books_.gpus.find(here().gpus)};
  if (!launch_.run().overlap()) {
    books_.cores.take(share.cores);
    books_.gpus.take(share.gpus);
    share_ = share;
  }
  binding_.emplace(job_.node(), std::move(share), demand);
}

void StepPart::give_share_back() {
  books_.cores.give_back(std::exchange(share_.cores, {}));
  books_.gpus.give_back(std::exchange(share_.gpus, {}));
}

Result<StepPart::PlannedTask> StepPart::plan(std::uint32_t local_rank) {
  auto pus = binding_->pus_of(order_.cpu_binding, local_rank);
  if (!pus) return fail(pus.error());
  const auto gpus = binding_->gpus_of(order_.gpu_binding, local_rank);
  if (!gpus) return fail(gpus.error());
  const agent::TaskPlace place{.step = launch_.step(),
                               .layout = layout_,
                               .node = place_,
                               .local_rank = local_rank,
                               .step_gpus = binding_->gpus(),
                               .gpus = *gpus};
  PlannedTask task;
  const std::string whose =
      " for rank " + std::to_string(place.rank()) + " on " + job_.node().name + '\n';
  if (order_.cpu_binding.verbose) {
    task.told += "cpu-bind: processors " + agent::number_ranges(*pus) + whose;
  }
  if (order_.gpu_binding.verbose) {
    task.told += "gpu-bind: GPUs " + agent::number_ranges(*gpus) + whose;
  }
  command_.argv = order_.command_of(place.rank());
  const agent::MeetingPoint meeting{launch_.master_address(),
                                    static_cast<std::uint16_t>(launch_.master_port())};
  task.plan = agent::plan_task(job_, command_, meeting, place);
  if (!job_.emulated) task.plan.pus = *std::move(pus);
  if (launch_.run().starts_ranks()) {
    task.plan.environment = agent::without_rank(task.plan.environment);
  }
  return task;
}

}  // namespace usine::shepherd
