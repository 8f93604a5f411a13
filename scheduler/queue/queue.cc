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

void Queue::add(const Job& job, const RankKey& rank, const LimitUse& use) {
  const QueueEntry entry{rank, join_class(job), use};
  entries_.insert(entry);
  fresh_.insert(entry);
  ranks_[job.id] = rank;
}

void Queue::remove(const Job& job) {
  const auto known = ranks_.find(job.id);
  CHECK_THAT(known != ranks_.end());
  const QueueEntry key{known->second};
  entries_.erase(key);
  fresh_.erase(key);
  ranks_.erase(known);
  leave_class(job);
}

void Queue::move(const Job& job, const RankKey& rank) {
  RankKey& known = ranks_.at(job.id);
  if (known == rank) return;
  const auto old = entries_.find(QueueEntry{known});
  QueueEntry entry = *old;
  entry.rank = rank;
  entries_.erase(old);
  entries_.insert(entry);
  if (fresh_.erase(QueueEntry{known}) == 1) fresh_.insert(entry);
  known = rank;
}

}  // namespace usine
