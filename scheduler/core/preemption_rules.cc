#include "scheduler/core/preemption_rules.h"

#include <algorithm>

namespace usine {
namespace {

const Qos* qos_of(const ClusterConfig& config, const Job& job) {
  return job.qos.value < config.qos.size() ? &config.qos[job.qos.value] : nullptr;
}

// Whether the victim's return to the queue would block the job again that it is put back for.
bool depends_on(const Job& job, const Job& victim) {
  return std::ranges::any_of(job.dependencies.wanted.items, [&victim](const Dependency& item) {
    return item.job == victim.id || (victim.is_task() && item.job == victim.array_id);
  });
}

}  // namespace

bool may_preempt(const ClusterConfig& config, const Job& job) {
  const Qos* const qos = qos_of(config, job);
  return qos != nullptr && !qos->preemption.victims.empty();
}

bool may_start_again(const Job& job, const Job& victim) {
  if (victim.state != JobState::kRunning || !victim.attempt || victim.attempt->stop) return false;
  return victim.request->requeue && !victim.request->interactive && !depends_on(job, victim);
}

bool names_as_victim(const ClusterConfig& config, const Job& high, const Job& low) {
  const Qos* const above = qos_of(config, high);
  const Qos* const below = qos_of(config, low);
  if (above == nullptr || below == nullptr || below->head_start >= above->head_start) return false;
  const std::vector<std::string>& names = above->preemption.victims;
  return std::ranges::find(names, below->name) != names.end();
}

Time protected_until(const ClusterConfig& config, const Job& victim) {
  const Qos* const qos = qos_of(config, victim);
  const Millis protected_for = qos == nullptr ? Millis{0} : qos->preemption.protected_for;
  return *victim.attempt->started + protected_for;
}

std::optional<Time> victim_from(const ClusterConfig& config, const Job& job, const Job& victim) {
  if (!may_start_again(job, victim) || !names_as_victim(config, job, victim)) return std::nullopt;
  return protected_until(config, victim);
}

std::int64_t lost_work(const Job& victim, Time now) {
  const Attempt& attempt = *victim.attempt;
  Time since = attempt.started.value_or(now);
  if (victim.checkpoint) since = std::max(since, victim.checkpoint->at);
  const auto gpus = static_cast<std::int64_t>(attempt.allocation.total_gpus());
  const auto nodes = static_cast<std::int64_t>(attempt.nodes.size());
  return std::max(now - since, Millis{0}).count() * (gpus > 0 ? gpus : nodes);
}

Millis grace_of(const ClusterConfig& config, const Job& job) {
  const bool preempted = job.attempt->stop && job.attempt->stop->cause == StopCause::kPreempted;
  const Qos* const qos = preempted ? qos_of(config, job) : nullptr;
  return qos == nullptr ? config.timings.kill_wait : qos->preemption.grace;
}

}  // namespace usine
