#include "agent/core/step_shares.h"

#include <algorithm>
#include <numeric>

#include "common/check.h"

namespace usine::agent {
namespace {

// "2 cores on node001, of which 1 is free"
std::string shortage(std::uint32_t wanted, std::uint32_t left, const std::string& noun,
                     const std::string& node) {
  return std::to_string(wanted) + ' ' + noun + (wanted == 1 ? "" : "s") + " on " + node +
         (left == 0
              ? std::string(", where none is free")
              : ", of which " + std::to_string(left) + (left == 1 ? " is" : " are") + " free");
}

}  // namespace

StepShares::StepShares(const LaunchJob& job) {
  for (const LaunchNode& node : job.nodes) {
    const auto gpus = static_cast<std::uint32_t>(node.gpus.size());
    nodes_.push_back({node.name, node.cores, gpus, node.cores, gpus, node.component});
  }
}

std::uint32_t StepShares::cores_of(const StepLayout::Node& node) const {
  const std::uint64_t wanted = std::uint64_t{node.tasks()} * node.cores_per_task;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, nodes_[node.job_node].cores));
}

bool StepShares::has_room(std::size_t other, const StepLayout::Node& wanted) const {
  const Node& here = nodes_[other];
  const Node& own = nodes_[wanted.job_node];
  if (here.component != own.component || here.cores_free < cores_of(wanted)) return false;
  // A step that says nothing of GPUs has all of its nodes'.
  const bool wants_all = wanted.gpus == own.gpus;
  return here.gpus_free >= wanted.gpus && !(wants_all && here.gpus != own.gpus);
}

std::optional<StepLayout> StepShares::find(const StepLayout& wanted) const {
  if (lacking(wanted).empty()) return wanted;
  StepLayout found = wanted;
  std::uint32_t next = 0;
  for (StepLayout::Node& node : found.nodes) {
    while (next < nodes_.size() && !has_room(next, node)) ++next;
    if (next == nodes_.size()) return std::nullopt;
    node.job_node = next++;
  }
  return found;
}

std::string StepShares::lacking(const StepLayout& layout) const {
  for (const StepLayout::Node& wanted : layout.nodes) {
    const Node& node = nodes_[wanted.job_node];
    const std::uint32_t cores = cores_of(wanted);
    if (cores > node.cores_free) return shortage(cores, node.cores_free, "core", node.name);
    if (wanted.gpus > node.gpus_free) {
      return shortage(wanted.gpus, node.gpus_free, "GPU", node.name);
    }
  }
  return {};
}

void StepShares::take(const StepLayout& layout) {
  CHECK_THAT(lacking(layout).empty());
  for (const StepLayout::Node& taken : layout.nodes) {
    nodes_[taken.job_node].cores_free -= cores_of(taken);
    nodes_[taken.job_node].gpus_free -= taken.gpus;
  }
}

void StepShares::give_back(const StepLayout& layout) {
  for (const StepLayout::Node& given : layout.nodes) {
    Node& node = nodes_[given.job_node];
    node.cores_free += cores_of(given);
    node.gpus_free += given.gpus;
    CHECK_THAT(node.cores_free <= node.cores && node.gpus_free <= node.gpus);
  }
}

std::vector<std::uint32_t> ShareBook::find(std::size_t count,
                                           std::vector<std::uint32_t> order) const {
  if (order.empty()) {
    order.resize(users_.size());
    std::iota(order.begin(), order.end(), 0u);
  }
  CHECK_THAT(order.size() == users_.size());
  std::ranges::stable_sort(order, {}, [this](std::uint32_t place) { return users_[place]; });
  order.resize(std::min(count, order.size()));
  std::ranges::sort(order);
  return order;
}

void ShareBook::take(const std::vector<std::uint32_t>& positions) {
  for (const std::uint32_t position : positions) ++users_[position];
}

void ShareBook::give_back(const std::vector<std::uint32_t>& positions) {
  for (const std::uint32_t position : positions) {
    CHECK_THAT(position < users_.size() && users_[position] > 0);
    --users_[position];
  }
}

}  // namespace usine::agent
