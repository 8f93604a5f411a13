#include "scheduler/core/namesakes.h"

#include <algorithm>

namespace usine {

bool has_namesake_before(const State& state, JobId job, const JobRequest& request) {
  const auto found = state.namesakes.find({request.user, request.name});
  if (found == state.namesakes.end()) return false;
  const auto& [unfinished, active] = found->second;
  if (!unfinished.empty() && *unfinished.begin() < job) return true;
  return std::ranges::any_of(active, [job](JobId id) { return id != job; });
}

}  // namespace usine
