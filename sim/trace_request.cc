#include <algorithm>

#include "sim/replay.h"

namespace usine::sim {
namespace {

std::uint32_t divide_up(std::uint32_t amount, std::uint32_t by) {
  return by == 0 ? amount : (amount + by - 1) / by;
}

}  // namespace

JobRequest request_of(const TraceJob& job, const NodeShape& shape) {
  const std::uint32_t gpus = job.gpus.value_or(0);
  const std::uint32_t cpus = std::max(job.cpus.value_or(gpus), 1u);
  Component component;
  component.nodes = job.nodes.value_or(0);
  if (component.nodes == 0) {
    component.nodes = std::max({1u, divide_up(gpus, static_cast<std::uint32_t>(shape.gpus.size())),
                                divide_up(cpus, static_cast<std::uint32_t>(shape.cores.size()))});
  }
  component.tasks = component.nodes;
  component.per_node.gpus = divide_up(gpus, component.nodes);
  component.per_node.cores = std::max(1u, divide_up(cpus, component.nodes));
  component.cores_per_task = component.per_node.cores;
  JobRequest request;
  request.name = job.name.empty() ? "traced" : job.name;
  request.user = job.user.empty() ? "unknown" : job.user;
  request.project = job.project;
  request.requeue = false;
  // A source without limits is given the best estimate there is, so that limits cut nothing off.
  const Millis run = job.run.value_or(job.limit.value_or(Seconds(0)));
  request.time_limit =
      std::max(job.limit.value_or(std::chrono::ceil<Seconds>(run) + Seconds(1)), Seconds(1));
  request.components.push_back(std::move(component));
  return request;
}

}  // namespace usine::sim
