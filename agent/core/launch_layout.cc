#include "agent/core/launch_layout.h"

#include <algorithm>
#include <numeric>
#include <ranges>

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

// Tasks spread evenly over nodes that hold room[i] each, the first nodes taking one more; what a
// small node cannot take goes to the others. The rooms together hold them all.
std::vector<std::uint32_t> spread(std::uint32_t tasks, const std::vector<std::uint32_t>& room) {
  std::vector<std::uint32_t> counts(room.size(), 0);
  std::uint32_t left = tasks;
  while (left > 0) {
    const auto open = static_cast<std::uint32_t>(
        std::ranges::count_if(std::views::iota(std::size_t{0}, room.size()),
                              [&](std::size_t i) { return counts[i] < room[i]; }));
    CHECK_THAT(open > 0);
    const std::uint32_t share = std::max(left / open, 1u);
    for (std::size_t i = 0; i < room.size() && left > 0; ++i) {
      const std::uint32_t more = std::min({share, room[i] - counts[i], left});
      counts[i] += more;
      left -= more;
    }
  }
  return counts;
}

// As the job asked: each component's tasks over its own nodes.
Result<StepLayout> lay_out_job(const LaunchJob& job) {
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
  return layout_of(on_node);
}

// A request with every number filled in.
struct ResolvedStep {
  std::uint32_t nodes;
  std::uint32_t tasks;
  std::uint32_t cores_per_task;
  std::vector<std::uint32_t> room;  // tasks that fit on each of the nodes
};

std::uint32_t resolve_nodes(std::uint32_t job_nodes, const StepRequest& request) {
  if (request.nodes != 0) return std::min(request.nodes, job_nodes);
  if (request.tasks == 0) return job_nodes;
  const std::uint32_t a_node = std::max(request.tasks_per_node, 1u);
  return std::min(job_nodes, (request.tasks + a_node - 1) / a_node);
}

ResolvedStep resolve(const LaunchJob& job, const StepRequest& request) {
  const LaunchComponent& first = job.components.front();
  ResolvedStep step;
  step.nodes = resolve_nodes(static_cast<std::uint32_t>(job.nodes.size()), request);
  step.cores_per_task = std::max(or_default(request.cores_per_task, first.cores_per_task), 1u);
  step.tasks = or_default(request.tasks,
                          or_default(request.tasks_per_node, first.tasks_per_node) * step.nodes);
  for (std::uint32_t i = 0; i < step.nodes; ++i) {
    const std::uint32_t fits = job.nodes[i].cores / step.cores_per_task;
    step.room.push_back(std::min(fits, or_default(request.tasks_per_node, fits)));
  }
  return step;
}

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
    return fail(ErrorCode::kRefused, "the step asks for " + count_of(step.tasks, "task") + " of " +
                                         count_of(step.cores_per_task, "core") + " on " +
                                         count_of(step.nodes, "node") + "; its job has room for " +
                                         std::to_string(sum(step.room)) + " there");
  }
  return {};
}

}  // namespace

std::uint32_t StepLayout::tasks() const {
  return nodes.empty() ? 0 : nodes.back().first_rank + nodes.back().tasks;
}

std::size_t StepLayout::place_of(std::uint32_t rank) const {
  CHECK_THAT(rank < tasks());
  const auto after = std::ranges::upper_bound(nodes, rank, {}, &Node::first_rank);
  return static_cast<std::size_t>(after - nodes.begin()) - 1;
}

std::string StepLayout::tasks_per_node_text() const {
  std::vector<std::uint32_t> counts;
  for (const Node& node : nodes) counts.push_back(node.tasks);
  return repeated_counts(counts);
}

StepLayout layout_of(const std::vector<NodeTasks>& on_node) {
  StepLayout layout;
  std::uint32_t rank = 0;
  for (std::uint32_t i = 0; i < on_node.size(); ++i) {
    if (on_node[i].tasks == 0) continue;
    layout.nodes.push_back({i, rank, on_node[i].tasks, on_node[i].cores_per_task});
    rank += on_node[i].tasks;
  }
  return layout;
}

Result<StepLayout> lay_out_step(const LaunchJob& job, const StepRequest& request) {
  CHECK_THAT(!job.components.empty() && !job.nodes.empty());
  if (request == StepRequest{}) return lay_out_job(job);
  const ResolvedStep step = resolve(job, request);
  if (const Status valid = check_step(job, request, step); !valid) return fail(valid.error());
  std::vector<NodeTasks> on_node;
  for (const std::uint32_t tasks : spread(step.tasks, step.room)) {
    on_node.push_back({tasks, step.cores_per_task});
  }
  return layout_of(on_node);
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
