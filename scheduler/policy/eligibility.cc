#include "scheduler/policy/eligibility.h"

namespace usine {

std::optional<Reason> not_eligible(const State& state, const Job& job, Time now) {
  if (job.hold == HoldKind::kRequeueLimit) {
    return Reason{ReasonKind::kRequeueLimit, job.requeues, 0, 0, job.requeue_text};
  }
  if (job.hold != HoldKind::kNone) {
    const char* who = job.hold == HoldKind::kUser ? job.request->user.c_str() : "an operator";
    return Reason{ReasonKind::kHeld, 0, 0, 0, who};
  }
  if (!job.awaiting_fence.empty()) {
    return Reason{ReasonKind::kAwaitingFence, 0, 0, 0, names_of(state, job.awaiting_fence)};
  }
  if (job.not_before && *job.not_before > now) {
    const bool requeued = !job.requeue_text.empty();
    return Reason{requeued ? ReasonKind::kRequeueDelay : ReasonKind::kBeginTime,
                  job.not_before->time_since_epoch().count(), 0, 0, job.requeue_text};
  }
  return std::nullopt;
}

}  // namespace usine
