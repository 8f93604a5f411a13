#include "scheduler/policy/promise.h"

#include "scheduler/core/preemption_rules.h"

namespace usine {

void hold(Machine& machine, const Promise& promise) {
  const Party party{Party::Kind::kPromised, promise.job.value};
  for (const Promise::Share& share : promise.shares) {
    machine.add_claim(share.node, {party, share.amount, promise.at, promise.until});
  }
}

void let_go(Machine& machine, const Promise& promise) {
  const Party party{Party::Kind::kPromised, promise.job.value};
  for (const Promise::Share& share : promise.shares) machine.remove_claims(party, share.node);
}

Time latest_end(const Job& job, const ClusterConfig& config) {
  const Attempt& attempt = *job.attempt;
  if (attempt.stop) return attempt.stop->at + grace_of(config, job);
  return attempt.started.value_or(attempt.placed) + job.limit() + config.timings.kill_wait;
}

}  // namespace usine
