#include "scheduler/policy/kept_places.h"

namespace usine {
namespace {

// More than any node has.
constexpr Amount kWholeNode{1LL << 40, 1LL << 40, 1LL << 40};

// The claim's holder on the timeline: no job's id, so that it is apart from the job's promise.
JobId holder_of(JobId job) { return JobId{job.value | std::uint64_t{1} << 62}; }

}  // namespace

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
    timeline_->remove_claim(holder_of(job), node);
    machine_->set_held(node, timeline_->is_claimed(node));
  }
}

void KeptPlaces::lay(JobId job) {
  const Place& place = places_.at(job);
  for (const NodeId node : place.nodes) {
    timeline_->add_claim(node, {holder_of(job), kWholeNode, Time{}, place.until});
    machine_->set_held(node, true);
  }
}

std::vector<JobId> KeptPlaces::jobs() const {
  std::vector<JobId> jobs;
  for (const auto& [job, place] : places_) jobs.push_back(job);
  return jobs;
}

}  // namespace usine
