#include "agent/core/launch_layout.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <ranges>
#include <utility>

#include "common/check.h"

namespace usine::agent {
namespace {

std::uint32_t or_default(std::uint32_t asked, std::uint32_t otherwise) {
  return asked != 0 ? asked : otherwise;
}

std::string count_of(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

std::uint32_t sum(const std::vector<std::uint32_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint32_t{0});
}

// Tasks dealt out to nodes that hold room[i] each: evenly, the first nodes taking one more, or
// `plane` at a time where that is not 0. What a small node cannot take goes to the others. The
// rooms together hold them all.
std::vector<std::uint32_t> spread(std::uint32_t tasks, const std::vector<std::uint32_t>& room,
                                  std::uint32_t plane = 0) {
  std::vector<std::uint32_t> counts(room.size(), 0);
  std::uint32_t left = tasks;
  while (left > 0) {
    const auto open = static_cast<std::uint32_t>(
        std::ranges::count_if(std::views::iota(std::size_t{0}, room.size()),
                              [&](std::size_t i) { return counts[i] < room[i]; }));
    CHECK_THAT(open > 0);
    const std::uint32_t share = plane != 0 ? plane : std::max(left / open, 1u);
    for (std::size_t i = 0; i < room.size() && left > 0; ++i) {
      const std::uint32_t more = std::min({share, room[i] - counts[i], left});
      counts[i] += more;
      left -= more;
    }
  }
  return counts;
}

// Ranks from `first` on for nodes with so many tasks each, `turn` at a time; the next free rank.
std::uint32_t deal_ranks(std::uint32_t first, std::uint32_t turn,
                         const std::vector<StepLayout::Node*>& nodes,
                         std::vector<std::uint32_t> tasks_left) {
  bool dealt = true;
  while (dealt) {
    dealt = false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::uint32_t count = std::min(turn, tasks_left[i]);
      for (std::uint32_t k = 0; k < count; ++k) nodes[i]->ranks.push_back(first++);
      tasks_left[i] -= count;
      dealt |= count > 0;
    }
  }
  return first;
}

std::uint32_t turn_of(const TaskDistribution& distribution) {
  using OverNodes = TaskDistribution::OverNodes;
  switch (distribution.nodes) {
    case OverNodes::kBlock: return std::numeric_limits<std::uint32_t>::max();
    case OverNodes::kCyclic: return 1;
    case OverNodes::kPlane: return distribution.plane;
  }
  CHECK_THAT(false);
}

// As the job asked: each component's tasks over its own nodes.
std::vector<NodeTasks> tasks_of_job(const LaunchJob& job) {
  std::vector<NodeTasks> on_node(job.nodes.size());
  for (std::size_t c = 0; c < job.components.size(); ++c) {
    std::vector<std::uint32_t> room(job.nodes.size(), 0);
    for (std::size_t i = 0; i < job.nodes.size(); ++i) {
      if (job.nodes[i].component == c) room[i] = job.components[c].tasks_per_node;
    }
    const std::vector<std::uint32_t> share =
        spread(std::min(job.components[c].tasks, sum(room)), room);
    for (std::size_t i = 0; i < share.size(); ++i) {
      if (share[i] > 0) on_node[i] = {share[i], job.components[c].cores_per_task};
    }
  }
  return on_node;
}

// A request with every number filled in.
struct ResolvedStep {
  std::uint32_t nodes;
  std::uint32_t tasks;
  std::uint32_t cores_per_task;
  std::vector<std::uint32_t> room;  // tasks that fit on each of the nodes
};

// As many as the GPUs in all are enough for, where those and the GPUs of a task are given.
std::uint32_t resolve_tasks(const StepRequest& request) {
  if (request.tasks != 0 || !request.gpus) return request.tasks;
  const std::uint32_t each = request.gpus_per_task.value_or(0);
  return each == 0 ? 0 : *request.gpus / each;
}

std::uint32_t resolve_nodes(std::uint32_t job_nodes, std::uint32_t tasks,
                            const StepRequest& request) {
  if (request.nodes != 0) return std::min(request.nodes, job_nodes);
  if (tasks == 0) return job_nodes;
  const std::uint32_t a_node = std::max(request.tasks_per_node, 1u);
  return std::min(job_nodes, (tasks + a_node - 1) / a_node);
}

// How many tasks a node holds by its cores, and by its GPUs where each task has some.
std::uint32_t room_on(const LaunchNode& node, std::uint32_t cores_per_task,
                      const StepRequest& request) {
  const std::uint32_t by_cores = node.cores / cores_per_task;
  const std::uint32_t gpus = request.gpus_per_task.value_or(0);
  if (gpus == 0) return by_cores;
  return std::min(by_cores, static_cast<std::uint32_t>(node.gpus.size()) / gpus);
}

ResolvedStep resolve(const LaunchJob& job, const StepRequest& request) {
  const LaunchComponent& first = job.components.front();
  const std::uint32_t tasks = resolve_tasks(request);
  ResolvedStep step;
  step.nodes = resolve_nodes(static_cast<std::uint32_t>(job.nodes.size()), tasks, request);
  step.cores_per_task = std::max(or_default(request.cores_per_task, first.cores_per_task), 1u);
  step.tasks =
      or_default(tasks, or_default(request.tasks_per_node, first.tasks_per_node) * step.nodes);
  for (std::uint32_t i = 0; i < step.nodes; ++i) {
    const std::uint32_t fits = room_on(job.nodes[i], step.cores_per_task, request);
    step.room.push_back(std::min(fits, or_default(request.tasks_per_node, fits)));
  }
  return step;
}

// Counts beyond this are slips of the pen; the bound keeps products within 32 bits.
constexpr std::uint32_t kCountMax = 50'000;

Status check_step(const LaunchJob& job, const StepRequest& request, const ResolvedStep& step) {
  if (request.nodes > job.nodes.size()) {
    return fail(ErrorCode::kRefused, "the step asks for " + count_of(request.nodes, "node") +
                                         "; its job has " + std::to_string(job.nodes.size()));
  }
  if (request.nodes > step.tasks) {
    return fail(ErrorCode::kInvalid,
                count_of(step.tasks, "task") + " cannot run on " + count_of(step.nodes, "node"));
  }
  if (step.tasks > sum(step.room)) {
    const std::uint32_t gpus = request.gpus_per_task.value_or(0);
    return fail(ErrorCode::kRefused, "the step asks for " + count_of(step.tasks, "task") + " of " +
                                         count_of(step.cores_per_task, "core") +
                                         (gpus > 0 ? " and " + count_of(gpus, "GPU") : "") +
                                         " on " + count_of(step.nodes, "node") +
                                         "; its job has room for " +
                                         std::to_string(sum(step.room)) + " there");
  }
  return {};
}

Result<std::vector<NodeTasks>> tasks_on_nodes(const LaunchJob& job, const StepRequest& request) {
  const bool as_job = resolve_tasks(request) == 0 && request.nodes == 0 &&
                      request.tasks_per_node == 0 && request.cores_per_task == 0;
  if (as_job) return tasks_of_job(job);
  const ResolvedStep step = resolve(job, request);
  if (const Status valid = check_step(job, request, step); !valid) return fail(valid.error());
  const bool planes = request.distribution.nodes == TaskDistribution::OverNodes::kPlane;
  std::vector<NodeTasks> on_node(job.nodes.size());
  const auto counts = spread(step.tasks, step.room, planes ? request.distribution.plane : 0);
  for (std::size_t i = 0; i < counts.size(); ++i) on_node[i] = {counts[i], step.cores_per_task};
  return on_node;
}

// ---- GPUs ---------------------------------------------------------------------------------------

// A number of GPUs in all, over the nodes that have tasks.
Status spread_gpus(const LaunchJob& job, std::uint32_t gpus, std::vector<NodeTasks>& on_node) {
  std::vector<std::uint32_t> room;
  for (std::size_t i = 0; i < on_node.size(); ++i) {
    const bool used = on_node[i].tasks > 0;
    room.push_back(used ? static_cast<std::uint32_t>(job.nodes[i].gpus.size()) : 0);
  }
  if (gpus > sum(room)) {
    return fail(ErrorCode::kRefused, "the step asks for " + count_of(gpus, "GPU") +
                                         "; its job has " + std::to_string(sum(room)) +
                                         " on the step's nodes");
  }
  const std::vector<std::uint32_t> counts = spread(gpus, room);
  for (std::size_t i = 0; i < counts.size(); ++i) on_node[i].gpus = counts[i];
  return {};
}

std::uint64_t gpus_on(const LaunchNode& node, const NodeTasks& on_node,
                      const StepRequest& request) {
  if (request.gpus) return on_node.gpus;
  if (request.gpus_per_node) return *request.gpus_per_node;
  if (request.gpus_per_task) return std::uint64_t{*request.gpus_per_task} * on_node.tasks;
  return node.gpus.size();
}

Status set_gpus(const LaunchJob& job, const StepRequest& request, std::vector<NodeTasks>& on_node) {
  if (request.gpus) {
    if (Status spread = spread_gpus(job, *request.gpus, on_node); !spread) return spread;
  }
  const std::uint64_t each = request.gpus_per_task.value_or(0);
  for (std::size_t i = 0; i < on_node.size(); ++i) {
    if (on_node[i].tasks == 0) continue;
    const LaunchNode& node = job.nodes[i];
    const std::uint64_t gpus = gpus_on(node, on_node[i], request);
    if (gpus > node.gpus.size()) {
      return fail(ErrorCode::kRefused, "the step asks for " + count_of(gpus, "GPU") + " on " +
                                           node.name + "; its job has " +
                                           std::to_string(node.gpus.size()) + " there");
    }
    if (each * on_node[i].tasks > gpus) {
      return fail(ErrorCode::kRefused,
                  count_of(on_node[i].tasks, "task") + " of " + count_of(each, "GPU") + " on " +
                      node.name + " do not fit in the step's " + std::to_string(gpus) + " there");
    }
    on_node[i].gpus = static_cast<std::uint32_t>(gpus);
  }
  return {};
}

}  // namespace

std::uint32_t StepLayout::tasks() const {
  std::uint32_t count = 0;
  for (const Node& node : nodes) count += node.tasks();
  return count;
}

std::size_t StepLayout::place_of(std::uint32_t rank) const {
  const auto place = std::ranges::find_if(
      nodes, [rank](const Node& node) { return std::ranges::binary_search(node.ranks, rank); });
  CHECK_THAT(place != nodes.end());
  return static_cast<std::size_t>(place - nodes.begin());
}

std::string StepLayout::tasks_per_node_text() const {
  std::vector<std::uint32_t> counts;
  for (const Node& node : nodes) counts.push_back(node.tasks());
  return repeated_counts(counts);
}

StepLayout layout_of(const LaunchJob& job, const std::vector<NodeTasks>& on_node,
                     const TaskDistribution& distribution) {
  StepLayout layout;
  layout.nodes.reserve(on_node.size());
  for (std::uint32_t i = 0; i < on_node.size(); ++i) {
    if (on_node[i].tasks == 0) continue;
    layout.nodes.push_back({i, on_node[i].cores_per_task, on_node[i].gpus, {}});
  }
  std::uint32_t next_rank = 0;
  for (std::uint32_t component = 0; component < job.components.size(); ++component) {
    std::vector<StepLayout::Node*> nodes;
    std::vector<std::uint32_t> tasks;
    for (StepLayout::Node& node : layout.nodes) {
      if (job.nodes[node.job_node].component != component) continue;
      nodes.push_back(&node);
      tasks.push_back(on_node[node.job_node].tasks);
    }
    next_rank = deal_ranks(next_rank, turn_of(distribution), nodes, std::move(tasks));
  }
  return layout;
}

Result<StepLayout> lay_out_step(const LaunchJob& job, const StepRequest& request) {
  CHECK_THAT(!job.components.empty() && !job.nodes.empty());
  const std::uint32_t largest =
      std::max({request.nodes, request.tasks, request.tasks_per_node, request.cores_per_task});
  if (largest > kCountMax || request.gpus.value_or(0) > kCountMax) {
    return fail(ErrorCode::kInvalid, "the step asks for more than " + std::to_string(kCountMax) +
                                         " of something: ask for less");
  }
  auto on_node = tasks_on_nodes(job, request);
  if (!on_node) return fail(on_node.error());
  if (Status set = set_gpus(job, request, *on_node); !set) return fail(set.error());
  return layout_of(job, *on_node, request.distribution);
}

std::string repeated_counts(const std::vector<std::uint32_t>& counts) {
  std::string text;
  for (std::size_t begin = 0; begin < counts.size();) {
    std::size_t end = begin;
    while (end < counts.size() && counts[end] == counts[begin]) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(counts[begin]);
    if (end - begin > 1) text += "(x" + std::to_string(end - begin) + ')';
    begin = end;
  }
  return text;
}

}  // namespace usine::agent
