#include "scheduler/queue/queue.h"

#include "common/codec.h"

namespace usine {
namespace {

std::string demand_name(const Job& job, std::uint8_t variant) {
  codec::Writer writer;
  PartitionId partition = job.partition;
  std::vector<Component> components = job.request->components;
  std::string reservation = job.request->reservation;
  writer(partition, variant, components, reservation);
  return writer.take();
}

}  // namespace

DemandClass Queue::class_of(const Job& job, std::uint8_t variant) {
  const auto [place, is_new] = numbers_.try_emplace(demand_name(job, variant));
  if (!is_new) return place->second;
  if (unused_.empty()) {
    place->second = class_bound();
    classes_.push_back({place, {}, {}});
    shortest_.push_back(Millis::max());
  } else {
    place->second = unused_.back();
    unused_.pop_back();
    classes_[place->second].name = place;
  }
  return place->second;
}

void Queue::put(const Job& job, const Place& place) {
  remove(job.id);
  const QueueEntry entry{place.rank,   place.limit_rank_ms, class_of(job, place.variant),
                         place.length, place.use,           place.plain};
  entries_.insert(entry);
  Class& its_class = classes_[entry.demand];
  its_class.entries.insert(entry);
  ++its_class.lengths[entry.length];
  shortest_[entry.demand] = its_class.lengths.begin()->first;
  by_job_.emplace(job.id, entry);
}

void Queue::remove(JobId job) {
  const auto known = by_job_.find(job);
  if (known == by_job_.end()) return;
  const QueueEntry& entry = known->second;
  Class& its_class = classes_[entry.demand];
  entries_.erase(entry);
  its_class.entries.erase(entry);
  const auto length = its_class.lengths.find(entry.length);
  if (--length->second == 0) its_class.lengths.erase(length);
  shortest_[entry.demand] =
      its_class.lengths.empty() ? Millis::max() : its_class.lengths.begin()->first;
  if (its_class.entries.empty()) {
    numbers_.erase(its_class.name);
    unused_.push_back(entry.demand);
  }
  by_job_.erase(known);
}

const QueueEntry* Queue::find(JobId job) const {
  const auto known = by_job_.find(job);
  return known == by_job_.end() ? nullptr : &known->second;
}

}  // namespace usine
