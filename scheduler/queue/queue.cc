#include "scheduler/queue/queue.h"

#include "common/check.h"
#include "common/codec.h"

namespace usine {
namespace {

std::string demand_key(const Job& job) {
  codec::Writer writer;
  PartitionId partition = job.partition;
  std::vector<Component> components = job.request->components;
  writer(partition, components);
  return writer.take();
}

}  // namespace

DemandClass Queue::join_class(const Job& job) {
  const auto [place, is_new] = classes_.try_emplace(demand_key(job));
  if (is_new) {
    place->second.number = unused_.empty() ? class_bound_++ : unused_.back();
    if (!unused_.empty()) unused_.pop_back();
  }
  ++place->second.jobs;
  return place->second.number;
}

void Queue::leave_class(const Job& job) {
  const auto place = classes_.find(demand_key(job));
  CHECK_THAT(place != classes_.end());
  if (--place->second.jobs > 0) return;
  unused_.push_back(place->second.number);
  classes_.erase(place);
}

void Queue::add(const Job& job) {
  const QueueEntry entry{job.request->priority, job.submitted, job.id, join_class(job)};
  entries_.insert(entry);
  fresh_.insert(entry);
}

void Queue::remove(const Job& job) {
  const QueueEntry key{job.request->priority, job.submitted, job.id, 0};
  entries_.erase(key);
  fresh_.erase(key);
  leave_class(job);
}

}  // namespace usine
