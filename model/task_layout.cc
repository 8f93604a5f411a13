#include "model/task_layout.h"

#include <utility>

namespace usine {
namespace {

// Counts above this are slips of the pen; the bound keeps products within 64 bits.
constexpr std::uint64_t kCountMax = 100'000'000;
// The same for a node's memory: an exbibyte.
constexpr std::int64_t kMemoryMibMax = std::int64_t{1} << 40;

std::unexpected<Error> contradiction(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::string option(std::string_view name, std::uint64_t value) {
  return "--" + std::string(name) + '=' + std::to_string(value);
}

std::uint32_t divide_up(std::uint32_t amount, std::uint32_t by) {
  return amount / by + (amount % by == 0 ? 0 : 1);
}

Result<std::uint32_t> multiply(std::uint32_t a, std::uint32_t b, std::string_view what) {
  const std::uint64_t product = std::uint64_t{a} * b;
  if (product > kCountMax) {
    return contradiction(std::to_string(product) + ' ' + std::string(what) +
                         " are more than the limit of " + std::to_string(kCountMax));
  }
  return static_cast<std::uint32_t>(product);
}

// Tasks a node or in all that follow from GPUs where --gpus-per-task is given and tasks are not.
Status tasks_from_gpus(TaskCounts& counts) {
  if (!counts.gpus_per_task || *counts.gpus_per_task == 0) return {};
  if (counts.gpus_per_node && !counts.tasks_per_node && !counts.tasks) {
    if (*counts.gpus_per_node % *counts.gpus_per_task != 0) {
      return contradiction(option("gpus-per-node", *counts.gpus_per_node) +
                           " is not a multiple of " +
                           option("gpus-per-task", *counts.gpus_per_task));
    }
    counts.tasks_per_node = *counts.gpus_per_node / *counts.gpus_per_task;
  }
  if (counts.gpus && !counts.tasks) {
    if (*counts.gpus % *counts.gpus_per_task != 0) {
      return contradiction(option("gpus", *counts.gpus) + " is not a multiple of " +
                           option("gpus-per-task", *counts.gpus_per_task));
    }
    counts.tasks = *counts.gpus / *counts.gpus_per_task;
  }
  return {};
}

std::uint32_t nodes_needed(const TaskCounts& counts) {
  if (counts.nodes) return *counts.nodes;
  if (counts.tasks && counts.tasks_per_node && *counts.tasks_per_node > 0) {
    return divide_up(*counts.tasks, *counts.tasks_per_node);
  }
  if (counts.gpus && counts.gpus_per_node && *counts.gpus_per_node > 0) {
    return divide_up(*counts.gpus, *counts.gpus_per_node);
  }
  return 1;
}

Status lay_out_nodes(const TaskCounts& counts, Component& part,
                     std::vector<std::string>& warnings) {
  part.nodes = nodes_needed(counts);
  if (part.nodes == 0) return contradiction("--nodes=0: a job needs at least one node");
  if (counts.tasks == 0u || counts.tasks_per_node == 0u) {
    return contradiction("a job needs at least one task");
  }
  if (counts.tasks && *counts.tasks < part.nodes) {
    warnings.push_back(option("ntasks", *counts.tasks) + " leaves some of " +
                       option("nodes", part.nodes) + " without a task: the job takes " +
                       std::to_string(*counts.tasks) + (*counts.tasks == 1 ? " node" : " nodes"));
    part.nodes = *counts.tasks;
  }
  part.tasks_per_node =
      counts.tasks_per_node.value_or(counts.tasks ? divide_up(*counts.tasks, part.nodes) : 1);
  const auto places = multiply(part.nodes, part.tasks_per_node, "tasks");
  if (!places) return fail(places.error());
  part.tasks = counts.tasks.value_or(*places);
  if (part.tasks > *places) {
    return contradiction(option("ntasks", part.tasks) + " contradicts " +
                         option("nodes", part.nodes) + " with " +
                         option("ntasks-per-node", part.tasks_per_node) + ", which is " +
                         std::to_string(*places) + " tasks at most");
  }
  return {};
}

// GPUs a node by one of the ways to ask for them, named for messages.
struct GpuClaim {
  std::string text;
  std::uint32_t per_node = 0;
};

Result<std::vector<GpuClaim>> gpu_claims(const TaskCounts& counts, const Component& part) {
  std::vector<GpuClaim> claims;
  if (counts.gpus_per_node) {
    claims.push_back({option("gpus-per-node", *counts.gpus_per_node), *counts.gpus_per_node});
  }
  if (counts.gpus_per_task) {
    const auto gpus = multiply(*counts.gpus_per_task, part.tasks_per_node, "GPUs a node");
    if (!gpus) return fail(gpus.error());
    claims.push_back({option("gpus-per-task", *counts.gpus_per_task) + " with " +
                          std::to_string(part.tasks_per_node) + " tasks a node",
                      *gpus});
  }
  if (counts.gpus) {
    if (*counts.gpus % part.nodes != 0) {
      return contradiction(option("gpus", *counts.gpus) + " cannot be shared evenly by " +
                           std::to_string(part.nodes) +
                           " nodes: write a multiple of it, or --gpus-per-node");
    }
    claims.push_back({option("gpus", *counts.gpus) + " on " + std::to_string(part.nodes) +
                          (part.nodes == 1 ? " node" : " nodes"),
                      *counts.gpus / part.nodes});
  }
  return claims;
}

Status lay_out_gpus(const TaskCounts& counts, Component& part) {
  const auto claims = gpu_claims(counts, part);
  if (!claims) return fail(claims.error());
  for (const GpuClaim& claim : *claims) {
    const GpuClaim& first = claims->front();
    if (claim.per_node != first.per_node) {
      return contradiction(first.text + " contradicts " + claim.text + ": " +
                           std::to_string(first.per_node) + " and " +
                           std::to_string(claim.per_node) + " GPUs a node");
    }
    part.per_node.gpus = claim.per_node;
  }
  part.per_node.gpu_type = counts.gpu_type;
  return {};
}

Status lay_out_cores(const TaskCounts& counts, Component& part) {
  if (counts.cores_per_task && counts.cores_per_gpu) {
    return contradiction(option("cpus-per-task", *counts.cores_per_task) + " contradicts " +
                         option("cpus-per-gpu", *counts.cores_per_gpu) + ": write one of them");
  }
  if (counts.cores_per_gpu && part.per_node.gpus == 0) {
    return contradiction(option("cpus-per-gpu", *counts.cores_per_gpu) +
                         " needs GPUs: write --gpus-per-node as well");
  }
  std::uint32_t per_task = counts.cores_per_task.value_or(1);
  if (counts.cores_per_gpu) {
    const auto cores = multiply(*counts.cores_per_gpu, part.per_node.gpus, "cores a node");
    if (!cores) return fail(cores.error());
    per_task = divide_up(*cores, part.tasks_per_node);
  }
  if (per_task == 0) return contradiction("a task needs at least one core");
  const auto cores = multiply(per_task, part.tasks_per_node, "cores a node");
  if (!cores) return fail(cores.error());
  part.cores_per_task = per_task;
  part.per_node.cores = *cores;
  return {};
}

Status lay_out_memory(const TaskCounts& counts, Component& part) {
  std::int64_t memory = 0;
  std::optional<std::int64_t> asked = counts.memory_per_node_mib;
  std::int64_t times = 1;
  if (counts.memory_per_core_mib) {
    asked = counts.memory_per_core_mib;
    times = part.per_node.cores;
  }
  if (counts.memory_per_gpu_mib) {
    asked = counts.memory_per_gpu_mib;
    times = part.per_node.gpus;
    if (times == 0) return contradiction("--mem-per-gpu needs GPUs: write --gpus-per-node as well");
  }
  if (asked && *asked > 0 && times > kMemoryMibMax / *asked) {
    return contradiction("the memory of a node would be " + std::to_string(*asked) + " MiB times " +
                         std::to_string(times) +
                         ": ask for less with --mem-per-cpu or --mem-per-gpu");
  }
  if (asked) memory = *asked == 0 ? NodeDemand::kAllMemory : *asked * times;
  part.per_node.memory_mib = memory;
  return {};
}

}  // namespace

Status lay_out_tasks(TaskCounts counts, Component& component, std::vector<std::string>& warnings) {
  if (Status status = tasks_from_gpus(counts); !status) return status;
  if (Status status = lay_out_nodes(counts, component, warnings); !status) return status;
  if (Status status = lay_out_gpus(counts, component); !status) return status;
  if (Status status = lay_out_cores(counts, component); !status) return status;
  // With a number of tasks or GPUs in all alone, how many nodes they take depends on the cluster.
  const bool several = counts.tasks.value_or(1) > 1 || counts.gpus.value_or(1) > 1;
  component.any_nodes = several && !counts.nodes && !counts.tasks_per_node && !counts.gpus_per_node;
  component.cores_divide = component.any_nodes && counts.cores_per_gpu;
  component.memory_divides =
      component.any_nodes && (counts.memory_per_core_mib || counts.memory_per_gpu_mib);
  return lay_out_memory(counts, component);
}

}  // namespace usine
