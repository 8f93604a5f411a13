#include "model/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/hostlist.h"
#include "common/index_set.h"

namespace usine {
namespace {

// Far above any machine, and low enough that no product of them overflows.
constexpr std::uint32_t kNodesMax = 1'000'000;
constexpr std::uint32_t kTasksPerNodeMax = 65'536;
constexpr std::int64_t kPriorityMax = 1'000'000;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

Status check_counts(const Component& part) {
  if (part.nodes == 0) return invalid("a job needs at least one node");
  if (part.nodes > kNodesMax) {
    return invalid(std::to_string(part.nodes) + " nodes are more than the limit of " +
                   std::to_string(kNodesMax));
  }
  if (part.tasks == 0 || part.tasks_per_node == 0) return invalid("a job needs at least one task");
  if (part.tasks_per_node > kTasksPerNodeMax) {
    return invalid(std::to_string(part.tasks_per_node) +
                   " tasks a node are more than the limit of " + std::to_string(kTasksPerNodeMax));
  }
  const std::uint64_t places = std::uint64_t{part.nodes} * part.tasks_per_node;
  if (part.tasks > places) {
    return invalid(std::to_string(part.tasks) + " tasks do not fit on " +
                   std::to_string(part.nodes) + " nodes with " +
                   std::to_string(part.tasks_per_node) + " tasks each");
  }
  return {};
}

// Of a component whose nodes are still open per_node is the whole, and is held against them later.
Status check_share(const Component& part) {
  if (part.per_node.cores == 0 || part.cores_per_task == 0) {
    return invalid("a job needs at least one core a task");
  }
  if (!part.any_nodes && part.per_node.cores > CoreSet::kCapacity) {
    return invalid(std::to_string(part.per_node.cores) +
                   " cores a node are more than the limit of " +
                   std::to_string(CoreSet::kCapacity));
  }
  if (!part.any_nodes && part.per_node.gpus > GpuSet::kCapacity) {
    return invalid(std::to_string(part.per_node.gpus) + " GPUs a node are more than the limit of " +
                   std::to_string(GpuSet::kCapacity));
  }
  if (part.per_node.memory_mib < 0 && part.per_node.memory_mib != NodeDemand::kAllMemory) {
    return invalid("memory a node cannot be negative");
  }
  return {};
}

Status check_node_lists(const Component& part) {
  if (part.only_nodes.size() > part.nodes) {
    return invalid("the node list names " + std::to_string(part.only_nodes.size()) +
                   " nodes, and the job asks for " + std::to_string(part.nodes));
  }
  if (part.excluded_nodes.size() > kHostlistMax) {
    return invalid(std::to_string(part.excluded_nodes.size()) +
                   " excluded nodes are more than the limit of " + std::to_string(kHostlistMax));
  }
  const std::set<std::string_view> excluded(part.excluded_nodes.begin(), part.excluded_nodes.end());
  for (const std::string& name : part.only_nodes) {
    if (excluded.contains(name)) {
      return invalid("node " + name + " is both asked for and excluded");
    }
  }
  return {};
}

Status check_constraint(const Component& part) {
  const std::uint64_t counted = nodes_of_counts(part.constraint);
  if (counted <= part.nodes) return {};
  return invalid("the counts of the constraint " + to_string(part.constraint) + " are " +
                 std::to_string(counted) + " nodes in all, and the job asks for " +
                 std::to_string(part.nodes) + ": write --nodes=" + std::to_string(counted) +
                 " or more");
}

Status check_shape(const Component& part) {
  TopologyRequest others = part.topology;
  others.shape = {};
  others.shape_turns = false;
  if (part.topology.shape.empty() ||
      (others.empty() && part.only_nodes.empty() && nodes_of_counts(part.constraint) == 0)) {
    return {};
  }
  return invalid("the shape " + to_string(part.topology.shape) +
                 " of a torus says where every node lies: leave out --segment, --switches, "
                 "--nodelist, counts in --constraint and levels of --topology, or the shape");
}

Status check_topology(const Component& part) {
  const TopologyRequest& topology = part.topology;
  if (auto shape = check_shape(part); !shape) return shape;
  if (topology.required && topology.preferred && *topology.preferred <= *topology.required) {
    return invalid("the preferred level " + std::string(to_string(*topology.preferred)) +
                   " is not below the required level " +
                   std::string(to_string(*topology.required)) + ": leave one of them out");
  }
  if (topology.switches_wait < Seconds(0)) return invalid("a wait for switches is below zero");
  const std::uint32_t segment = topology.segment;
  if (segment == 0 || part.nodes % segment == 0) return {};
  const std::uint32_t below = part.nodes / segment * segment;
  return invalid(std::to_string(part.nodes) + " nodes are not a multiple of segments of " +
                 std::to_string(segment) +
                 ": write --nodes=" + (below == 0 ? "" : std::to_string(below) + " or ") +
                 std::to_string(below + segment) + ", or another --segment");
}

Status check_names(const JobRequest& request) {
  const std::array<std::pair<std::string_view, const std::string*>, 7> names = {{
      {"job name", &request.name},
      {"user name", &request.user},
      {"project name", &request.project},
      {"partition name", &request.partition},
      {"QOS name", &request.qos},
      {"comment", &request.comment},
      {"idempotency key", &request.idempotency_key},
  }};
  for (const auto& [what, name] : names) {
    if (name->size() > kNameBytesMax) {
      return invalid("the " + std::string(what) + " has " + std::to_string(name->size()) +
                     " bytes, and the limit is " + std::to_string(kNameBytesMax));
    }
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    if (std::ranges::any_of(*name, control)) {
      return invalid("the " + std::string(what) + " holds a control character");
    }
  }
  return {};
}

Status check_array(const JobRequest& request) {
  if (!request.array) return {};
  if (request.array->count() == 0) return invalid("an array needs at least one task");
  if (request.array->count() > kArrayTasksMax) {
    return invalid("an array of " + std::to_string(request.array->count()) +
                   " tasks is too long: the most is " + std::to_string(kArrayTasksMax));
  }
  if (request.components.size() > 1) {
    return invalid(
        "an array of jobs of several parts is not supported: submit each part as an "
        "array of its own, or one job of several parts for each task");
  }
  if (request.interactive) {
    return invalid("a job that streams to its terminal has no array: submit it as a script");
  }
  return {};
}

}  // namespace

std::uint32_t JobRequest::total_nodes() const {
  std::uint32_t total = 0;
  for (const Component& part : components) total += part.nodes;
  return total;
}

std::uint64_t JobRequest::total_gpus() const {
  std::uint64_t total = 0;
  for (const Component& part : components) total += std::uint64_t{part.nodes} * part.per_node.gpus;
  return total;
}

Status check_request(const JobRequest& request) {
  if (request.components.empty()) return invalid("a job needs at least one component");
  if (request.components.size() > kComponentsMax) {
    return invalid(std::to_string(request.components.size()) +
                   " components are more than the limit of " + std::to_string(kComponentsMax));
  }
  for (const Component& part : request.components) {
    for (const auto check :
         {check_counts, check_share, check_node_lists, check_constraint, check_topology}) {
      if (Status status = check(part); !status) return status;
    }
  }
  if (Status status = check_names(request); !status) return status;
  if (Status status = check_array(request); !status) return status;
  if (request.time_limit <= Seconds(0)) return invalid("a time limit must be more than zero");
  if (request.priority > kPriorityMax || request.priority < -kPriorityMax) {
    return invalid("a priority lies between -" + std::to_string(kPriorityMax) + " and " +
                   std::to_string(kPriorityMax));
  }
  if (request.launch.arguments.size() > kArgumentsMax) {
    return invalid(std::to_string(request.launch.arguments.size()) +
                   " arguments are more than the limit of " + std::to_string(kArgumentsMax));
  }
  return {};
}

bool fits_gpu_type(std::string_view model, std::string_view type) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return !std::ranges::search(model, type, {}, lower, lower).empty() || type.empty();
}

}  // namespace usine
