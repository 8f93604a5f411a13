#include "scheduler/policy/holders.h"

#include <algorithm>
#include <functional>

namespace usine {
namespace {

// Of those that hold any of the nodes; ascending.
std::vector<JobId> jobs_on(const State& state, const std::vector<bool>& wanted) {
  std::vector<JobId> jobs;
  for (std::size_t node = 0; node < wanted.size(); ++node) {
    if (!wanted[node]) continue;
    const std::set<JobId>& here = state.nodes[node].jobs;
    jobs.insert(jobs.end(), here.begin(), here.end());
  }
  std::ranges::sort(jobs);
  const auto doubles = std::ranges::unique(jobs);
  jobs.erase(doubles.begin(), doubles.end());
  return jobs;
}

Holder holder_of(const Job& job, const std::vector<bool>& wanted) {
  const Attempt& attempt = *job.attempt;
  Holder holder{job.id};
  for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
    const NodeShare& share = attempt.allocation.nodes[i];
    const bool over = attempt.nodes[i].phase == NodePhase::kEnded;
    if (over || !wanted[share.node.value]) continue;
    ++holder.nodes;
    holder.gpus += share.gpus.count();
    holder.cores += share.cores.count();
  }
  return holder;
}

// Most GPUs first, then most cores, then the oldest job.
void keep_largest(std::vector<Holder>& holders) {
  const auto larger = [](const Holder& a, const Holder& b) {
    if (a.gpus != b.gpus) return a.gpus > b.gpus;
    return a.cores != b.cores ? a.cores > b.cores : a.job < b.job;
  };
  const std::size_t kept = std::min(holders.size(), kHoldersShownMax);
  std::ranges::partial_sort(holders, holders.begin() + static_cast<std::ptrdiff_t>(kept), larger);
  holders.resize(kept);
}

}  // namespace

std::vector<Holder> largest_holders(const State& state, const std::vector<bool>& wanted) {
  std::vector<Holder> holders;
  for (const JobId id : jobs_on(state, wanted)) {
    holders.push_back(holder_of(*state.find_job(id), wanted));
  }
  keep_largest(holders);
  return holders;
}

std::vector<Holder> largest_holders(const State& state,
                                    const std::function<bool(const Job&)>& counts) {
  const std::vector<bool> everywhere(state.nodes.size(), true);
  std::vector<Holder> holders;
  for (const JobId id : jobs_on(state, everywhere)) {
    const Job& job = *state.find_job(id);
    if (counts(job)) holders.push_back(holder_of(job, everywhere));
  }
  keep_largest(holders);
  return holders;
}

}  // namespace usine
