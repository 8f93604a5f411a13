#include "scheduler/core/running_limits.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/check.h"
#include "scheduler/core/state.h"

namespace usine {
namespace {

constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

std::int64_t largest_node(const ClusterConfig& config, const Partition& partition) {
  std::vector<bool> seen(config.classes.size(), false);
  for (const NodeId id : partition.nodes) seen[config.nodes[id.value].node_class] = true;
  std::size_t gpus = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) gpus = std::max(gpus, config.classes[i].shape.gpus.size());
  }
  return static_cast<std::int64_t>(gpus);
}

}  // namespace

void RunningLimits::reset(std::shared_ptr<const ClusterConfig> config) {
  *this = RunningLimits{};
  config_ = std::move(config);
  users_.emplace_back();
  for (const Partition& partition : config_->partitions) {
    gpus_of_node_.push_back(largest_node(*config_, partition));
  }
  for (std::uint32_t i = 0; i < config_->projects.size(); ++i) {
    project_numbers_.emplace(config_->projects[i].name, i);
    any_guarantee_ = any_guarantee_ || config_->projects[i].guaranteed_gpus > 0;
  }
}

std::uint32_t RunningLimits::user_number(const std::string& name) {
  const auto [place, is_new] =
      user_numbers_.try_emplace(name, static_cast<std::uint32_t>(users_.size()));
  if (is_new) users_.push_back(name);
  return place->second;
}

bool RunningLimits::counts_in(std::uint32_t group, const Job& job) const {
  const GroupKey& key = groups_[group].key;
  const auto of_user = [&] { return users_[key.user] == job.request->user; };
  const auto in_project = [&] { return config_->projects[key.id].name == job.request->project; };
  switch (key.scope) {
    case LimitScope::kUser: return of_user();
    case LimitScope::kProject: return in_project();
    case LimitScope::kPartition: return job.partition.value == key.id;
    case LimitScope::kQos: return job.qos.value == key.id;
    case LimitScope::kUserInProject: return in_project() && of_user();
    case LimitScope::kUserInPartition: return job.partition.value == key.id && of_user();
    case LimitScope::kUserInQos: return job.qos.value == key.id && of_user();
  }
  return false;
}

void RunningLimits::join(LimitUse& use, const GroupKey& key, const AmountLimits& limits) {
  // Where anything is guaranteed, what every project runs decides who has borrowed.
  const bool is_counted = any_guarantee_ && key.scope == LimitScope::kProject;
  if (!limits.jobs && !limits.gpus && !limits.nodes && !is_counted) return;
  const auto [place, is_new] =
      group_by_key_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
  if (is_new) {
    const Amounts limit{limits.jobs.value_or(kUnbounded), limits.gpus.value_or(kUnbounded),
                        limits.nodes.value_or(kUnbounded)};
    groups_.push_back({key, {}, limit});
  }
  use.groups[use.count++] = place->second;
}

LimitUse RunningLimits::use_of(const Job& job) {
  const std::uint32_t user = user_number(job.request->user);
  LimitUse use;
  use.amounts = amounts_of(job);
  join(use, {LimitScope::kUser, 0, user}, config_->user_limits);
  const Partition& partition = config_->partitions[job.partition.value];
  join(use, {LimitScope::kPartition, job.partition.value, 0}, partition.limits.together);
  join(use, {LimitScope::kUserInPartition, job.partition.value, user}, partition.limits.per_user);
  if (job.qos.value < config_->qos.size()) {
    const Qos& qos = config_->qos[job.qos.value];
    join(use, {LimitScope::kQos, job.qos.value, 0}, qos.limits.together);
    join(use, {LimitScope::kUserInQos, job.qos.value, user}, qos.limits.per_user);
  }
  const auto project = project_numbers_.find(job.request->project);
  if (project != project_numbers_.end()) {
    const GroupLimits& limits = config_->projects[project->second].limits;
    join(use, {LimitScope::kProject, project->second, 0}, limits.together);
    join(use, {LimitScope::kUserInProject, project->second, user}, limits.per_user);
  }
  return use;
}

std::optional<LimitHit> RunningLimits::blocked(const LimitUse& use) const {
  return first_hit(use, false);
}

std::optional<LimitHit> RunningLimits::never(const LimitUse& use) const {
  return first_hit(use, true);
}

std::optional<LimitHit> RunningLimits::first_hit(const LimitUse& use, bool alone) const {
  for (std::size_t i = 0; i < use.count; ++i) {
    const Group& group = groups_[use.groups[i]];
    for (std::size_t amount = 0; amount < kLimitAmounts; ++amount) {
      const std::int64_t asked = use.amounts[amount];
      const std::int64_t used = alone ? 0 : group.used[amount];
      if (asked == 0 || asked <= group.limit[amount] - used) continue;
      return LimitHit{use.groups[i], static_cast<LimitAmount>(amount), asked, used,
                      group.limit[amount]};
    }
  }
  return std::nullopt;
}

void RunningLimits::take(const LimitUse& use) {
  for (std::size_t i = 0; i < use.count; ++i) {
    Group& group = groups_[use.groups[i]];
    for (std::size_t k = 0; k < kLimitAmounts; ++k) group.used[k] += use.amounts[k];
  }
}

void RunningLimits::give_back(const LimitUse& use) {
  for (std::size_t i = 0; i < use.count; ++i) {
    Group& group = groups_[use.groups[i]];
    for (std::size_t k = 0; k < kLimitAmounts; ++k) {
      group.used[k] -= use.amounts[k];
      CHECK_THAT(group.used[k] >= 0);
    }
  }
}

std::int64_t RunningLimits::gpus_of(const Job& job) const {
  return amounts_of(job)[static_cast<std::size_t>(LimitAmount::kGpus)];
}

std::int64_t RunningLimits::project_gpus(const Job& job) const {
  const auto project = project_numbers_.find(job.request->project);
  if (project == project_numbers_.end()) return 0;
  const auto group = group_by_key_.find({LimitScope::kProject, project->second, 0});
  if (group == group_by_key_.end()) return 0;
  return groups_[group->second].used[static_cast<std::size_t>(LimitAmount::kGpus)];
}

std::int64_t RunningLimits::guaranteed_gpus(const Job& job) const {
  const auto project = project_numbers_.find(job.request->project);
  return project == project_numbers_.end() ? 0 : config_->projects[project->second].guaranteed_gpus;
}

Amounts RunningLimits::amounts_of(const Job& job) const {
  Amounts amounts{1, 0, 0};
  for (const Component& part : job.request->components) {
    const std::int64_t gpus =
        part.exclusive ? gpus_of_node_[job.partition.value] : std::int64_t{part.per_node.gpus};
    amounts[1] += part.nodes * gpus;
    amounts[2] += part.nodes;
  }
  return amounts;
}

std::string RunningLimits::name_of(const GroupKey& key) const {
  const std::string user = "user " + users_[key.user];
  switch (key.scope) {
    case LimitScope::kUser: return user;
    case LimitScope::kProject: return "project " + config_->projects[key.id].name;
    case LimitScope::kPartition: return "partition " + config_->partitions[key.id].name;
    case LimitScope::kQos: return "QOS " + config_->qos[key.id].name;
    case LimitScope::kUserInProject: return user + " in project " + config_->projects[key.id].name;
    case LimitScope::kUserInPartition:
      return user + " in partition " + config_->partitions[key.id].name;
    case LimitScope::kUserInQos: return user + " in QOS " + config_->qos[key.id].name;
  }
  CHECK_THAT(false);
}

Reason RunningLimits::reason_of(const LimitHit& hit) const {
  constexpr std::array<ReasonKind, kLimitAmounts> kKinds = {
      ReasonKind::kJobsLimit, ReasonKind::kGpusLimit, ReasonKind::kNodesLimit};
  return {kKinds[static_cast<std::size_t>(hit.amount)], hit.asked, hit.used, hit.limit,
          name_of(groups_[hit.group].key)};
}

std::vector<std::string> RunningLimits::counts() const {
  std::vector<std::string> lines;
  for (const auto& [key, index] : group_by_key_) {
    const Amounts& used = groups_[index].used;
    if (used == Amounts{}) continue;
    lines.push_back(name_of(key) + ": " + std::to_string(used[0]) + " jobs, " +
                    std::to_string(used[1]) + " GPUs, " + std::to_string(used[2]) + " nodes");
  }
  std::ranges::sort(lines);
  return lines;
}

}  // namespace usine
