#include "sim/policies.h"

#include <algorithm>
#include <array>
#include <limits>

namespace usine::sim {
namespace {

// Submit order: no job has a head start on another.
constexpr PrioritySettings submit_order() {
  PrioritySettings settings;
  settings.per_gpu = Millis{0};
  settings.share = Millis{0};
  settings.length_doubling = Millis{0};
  settings.length_milli = 0;
  return settings;
}

// By the book: every pass looks at every job, whatever that costs.
constexpr PlanLimits by_the_book() {
  PlanLimits limits;
  limits.full_pass_every = Millis{0};
  limits.order_restored_after = Millis{0};
  limits.renewal_nodes_max = std::numeric_limits<std::size_t>::max();
  return limits;
}

}  // namespace

std::span<const ReplayPolicy> replay_policies() {
  static const std::array kPolicies = {
      ReplayPolicy{"usine", "the scheduler as it is, ordered as the cluster file says", {}, {}, {}},
      ReplayPolicy{"easy", "submit order, the first job that has to wait keeps its start",
                   by_the_book(), submit_order(), 1},
      ReplayPolicy{"conservative", "submit order, every job that has to wait keeps its start",
                   by_the_book(), submit_order(), kAllProtected},
  };
  return kPolicies;
}

Result<ReplayPolicy> find_policy(std::string_view name) {
  const auto found = std::ranges::find(replay_policies(), name, &ReplayPolicy::name);
  if (found != replay_policies().end()) return *found;
  std::string known;
  for (const ReplayPolicy& policy : replay_policies()) {
    known += (known.empty() ? "" : ", ") + policy.name;
  }
  return fail(ErrorCode::kNotFound,
              "no policy is called '" + std::string(name) + "'; there are " + known);
}

}  // namespace usine::sim
