// The policies that `usine simulate` holds against each other, by name: one line in the catalogue
// each. A policy is what the planner protects and how the queue is ordered; placement is the same
// for all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"
#include "model/order_and_limits.h"
#include "scheduler/policy/planner.h"

namespace usine::sim {

struct ReplayPolicy {
  std::string name;
  std::string about;  // one line for people
  PlanLimits limits;
  // None: as the cluster file says.
  std::optional<PrioritySettings> priority;
  std::optional<std::uint32_t> protected_jobs;
};

// The first is the default.
[[nodiscard]] std::span<const ReplayPolicy> replay_policies();

// Error: kNotFound, listing the names that there are.
[[nodiscard]] Result<ReplayPolicy> find_policy(std::string_view name);

}  // namespace usine::sim
