#include "sim/sharing_watch.h"

#include <algorithm>
#include <optional>

namespace usine::sim {
namespace {

std::string text_of(JobId job) { return "job " + std::to_string(job.value); }

std::string beyond(const char* whose, std::int64_t counted, std::optional<std::int64_t> limit) {
  if (!limit || counted <= *limit) return {};
  return "[B69] " + std::to_string(counted) + " jobs of " + whose + " run, and the limit is " +
         std::to_string(*limit);
}

}  // namespace

std::string SharingWatch::take(const Event& event) {
  if (const auto* const one = std::get_if<ClusterConfigured>(&event)) config_ = one->config;
  if (const auto* const one = std::get_if<JobSubmitted>(&event)) {
    const std::int64_t gpus = gpus_of(*one->request);
    jobs_[one->job] = {one->request->user, one->qos, one->request->project, gpus};
  }
  if (const auto* const one = std::get_if<ArrayTaskStarted>(&event)) {
    jobs_[one->job] = jobs_.at(one->array);
  }
  if (const auto* const one = std::get_if<JobClaimed>(&event)) {
    for (const NodeShare& share : one->claim.allocation.nodes) {
      kept_[one->job].insert(share.node);
    }
  }
  if (const auto* const one = std::get_if<ClaimDropped>(&event)) kept_.erase(one->job);
  if (const auto* const one = std::get_if<JobEnded>(&event)) kept_.erase(one->job);
  if (const auto* const one = std::get_if<AttemptEnded>(&event)) {
    running_.erase(one->key.job);
    leaving_.erase(one->key.job);
  }
  if (const auto* const one = std::get_if<StopRequested>(&event)) {
    std::string fault = check_stop(*one);
    leaving_.insert(one->key.job);
    return fault;
  }
  if (const auto* const one = std::get_if<AttemptPlaced>(&event)) {
    running_.insert(one->job);
    kept_.erase(one->job);
    std::string fault = check_limits(one->job);
    return fault.empty() ? check_place(*one) : fault;
  }
  return {};
}

// Whole nodes count with all their GPUs; the simulated ones are all alike.
std::int64_t SharingWatch::gpus_of(const JobRequest& request) const {
  std::size_t gpus = 0;
  for (const Component& part : request.components) {
    const std::size_t whole = config_->classes.front().shape.gpus.size();
    gpus += part.nodes * (part.exclusive ? whole : part.per_node.gpus);
  }
  return static_cast<std::int64_t>(gpus);
}

std::string SharingWatch::check_limits(JobId job) const {
  const Known& placed = jobs_.at(job);
  const auto running = [&](const auto& counts) {
    return std::ranges::count_if(running_, [&](JobId one) { return counts(jobs_.at(one)); });
  };
  const auto same_user = [&](const Known& one) { return one.user == placed.user; };
  const auto same_qos = [&](const Known& one) { return one.qos == placed.qos; };
  const auto same_both = [&](const Known& one) { return same_user(one) && same_qos(one); };
  std::string fault = beyond("one user", running(same_user), config_->user_limits.jobs);
  if (!fault.empty() || config_->qos.empty()) return fault;
  const GroupLimits& limits = config_->qos[placed.qos.value].limits;
  fault = beyond("one QOS", running(same_qos), limits.together.jobs);
  return fault.empty() ? beyond("one user in a QOS", running(same_both), limits.per_user.jobs)
                       : fault;
}

std::string SharingWatch::check_place(const AttemptPlaced& event) const {
  for (const auto& [owner, nodes] : kept_) {
    for (const NodeShare& share : event.allocation.nodes) {
      if (!nodes.contains(share.node)) continue;
      return "[B73] " + text_of(event.job) + " starts on a node that is kept for " + text_of(owner);
    }
  }
  return {};
}

std::string SharingWatch::check_stop(const StopRequested& event) const {
  if (event.stop.cause != StopCause::kPreempted) return {};
  const Qos& low = config_->qos[jobs_.at(event.key.job).qos.value];
  const Qos& high = config_->qos[jobs_.at(event.stop.for_job).qos.value];
  const auto& victims = high.preemption.victims;
  const bool named = std::ranges::find(victims, low.name) != victims.end();
  if (named && low.head_start < high.head_start) return {};
  const Known& victim = jobs_.at(event.key.job);
  const Known& owner = jobs_.at(event.stop.for_job);
  const bool lent = victim.project != owner.project && borrowed(victim.project) >= victim.gpus;
  if (lent && is_owed(owner)) return {};
  return "[B70] [B75] " + text_of(event.key.job) +
         " is put back for one of no higher class that is not owed its GPUs";
}

// GPUs beyond the guarantee of the project, by what runs and was not asked to stop.
std::int64_t SharingWatch::borrowed(const std::string& project) const {
  std::int64_t gpus = 0;
  for (const JobId job : running_) {
    const Known& one = jobs_.at(job);
    if (one.project == project && !leaving_.contains(job)) gpus += one.gpus;
  }
  for (const Project& one : config_->projects) {
    if (one.name == project) gpus -= one.guaranteed_gpus;
  }
  return gpus;
}

bool SharingWatch::is_owed(const Known& owner) const {
  return owner.gpus > 0 && borrowed(owner.project) + owner.gpus <= 0;
}

}  // namespace usine::sim
