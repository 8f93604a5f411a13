#include "scheduler/timeline/timeline.h"

namespace usine {

void Timeline::set(JobId job, Time at, std::vector<NodeShare> shares) {
  remove(job);
  order_.insert({at, job});
  held_.emplace(job, Held{at, std::move(shares)});
}

void Timeline::remove(JobId job) {
  const auto found = held_.find(job);
  if (found == held_.end()) return;
  order_.erase({found->second.at, job});
  held_.erase(found);
}

std::vector<Timeline::Release> Timeline::releases() const {
  std::vector<Release> all;
  all.reserve(order_.size());
  for (const auto& [at, job] : order_) all.push_back({at, job, &held_.at(job).shares});
  return all;
}

}  // namespace usine
