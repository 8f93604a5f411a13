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

std::optional<Time> victim_from(const ClusterConfig& config, const Job& job, const Job& victim) {
  if (victim.state != JobState::kRunning || !victim.attempt || victim.attempt->stop)
    return std::nullopt;
  if (!victim.request->requeue || victim.request->interactive) return std::nullopt;
  if (depends_on(job, victim)) return std::nullopt;
  const Qos* const high = qos_of(config, job);
  const Qos* const low = qos_of(config, victim);
  if (high == nullptr || low == nullptr || low->head_start >= high->head_start) return std::nullopt;
  if (std::ranges::find(high->preemption.victims, low->name) == high->preemption.victims.end()) {
    return std::nullopt;
  }
  return *victim.attempt->started + low->preemption.protected_for;
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
