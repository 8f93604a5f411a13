#include "scheduler/policy/kept_places.h"

namespace usine {
void KeptPlaces::keep(JobId job, const Allocation& allocation, Time until) {
  Place& place = places_[job];
  place.until = until;
  for (const NodeShare& share : allocation.nodes) place.nodes.push_back(share.node);
  lay(job);
}

std::vector<NodeId> KeptPlaces::drop(JobId job) {
  const auto found = places_.find(job);
  if (found == places_.end()) return {};
  lift(job);
  std::vector<NodeId> nodes = std::move(found->second.nodes);
  places_.erase(found);
  return nodes;
}

void KeptPlaces::lift(JobId job) {
  for (const NodeId node : places_.at(job).nodes) {
    machine_->remove_claims({Party::Kind::kKept, job.value}, node);
  }
}

void KeptPlaces::lay(JobId job) {
  const Place& place = places_.at(job);
  for (const NodeId node : place.nodes) {
    machine_->add_claim(node, {{Party::Kind::kKept, job.value}, kWholeNode, Time{}, place.until});
  }
}

std::vector<JobId> KeptPlaces::jobs() const {
  std::vector<JobId> jobs;
  for (const auto& [job, place] : places_) jobs.push_back(job);
  return jobs;
}

}  // namespace usine
