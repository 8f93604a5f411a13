#include "scheduler/engine/recording_planner.h"

#include "common/codec.h"
#include "common/digest.h"

namespace usine {

// Takes the members apart by their number, so that a new one cannot be left out.
template <typename A>
void fields(A& a, PlanLimits& v) {
  auto& [tried, full_every, renewed_after, restored_after, starts, renewed, preempted] = v;
  a(tried, full_every, renewed_after, restored_after, starts, renewed, preempted);
}

RecordingPlanner::RecordingPlanner(State state, PlanLimits limits)
    : planner_(std::move(state), limits) {
  const State& begin = planner_.state();
  inputs_.push_back({PlannerStep::kBegan, begin.sequence, begin.now, encode_limits(limits)});
}

Plan RecordingPlanner::plan(Time now) {
  const Sequence seen = state().sequence;
  Plan plan = planner_.plan(now);
  inputs_.push_back({PlannerStep::kPlanned, seen, now, digest_of(plan.proposals)});
  return plan;
}

void RecordingPlanner::look_again() {
  planner_.look_again();
  inputs_.push_back({PlannerStep::kLookedAgain, state().sequence, state().now, {}});
}

std::string digest_of(const CommitPlan& proposals) {
  if (proposals.empty()) return {};
  Sha256 sum;
  sum.add(encode_command(proposals));
  const Digest digest = sum.finish();
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::string encode_limits(const PlanLimits& limits) { return codec::encode(limits); }

Result<PlanLimits> decode_limits(std::string_view bytes) {
  auto limits = codec::decode<PlanLimits>(bytes);
  if (!limits) return fail(limits.error().within("the limits of a planner"));
  return limits;
}

}  // namespace usine
