#include "scheduler/policy/changed_jobs.h"

#include <algorithm>
#include <utility>

namespace usine {

ChangedJobs::ChangedJobs(const PlanningIndexes& indexes, GrownNodes& grown, Time now,
                         const QueueEntry* after)
    : in_(indexes),
      grown_(grown),
      now_(now),
      after_(after),
      headroom_(indexes.machine, now),
      bookings_(indexes.machine.mark()) {
  grown_.settle();
}

void ChangedJobs::add_fresh(const OrderedList<QueueEntry>& jobs) { add(jobs, kNoClass); }

void ChangedJobs::add_classes() {
  if (!grown_.any_room()) return;
  for (DemandClass demand = 0; demand < in_.queue.class_bound(); ++demand) {
    if (!is_beyond_hope(demand)) add(in_.queue.of_class(demand), demand);
  }
}

// By what is known of the class at a glance: most are.
bool ChangedJobs::is_beyond_hope(DemandClass demand) {
  const Millis length = std::max(in_.queue.shortest(demand), Millis{1});
  if (length == Millis::max()) return true;  // it has no jobs
  const DemandTable::Glance& asked = in_.demands.glance(demand);
  return !grown_.any_open(asked, now_ + length) || headroom_.nodes_for(asked, length) < asked.nodes;
}

void ChangedJobs::add(const OrderedList<QueueEntry>& list, DemandClass of_class) {
  auto from = list.begin();
  if (after_ != nullptr && from != list.end() && !(*after_ < *from)) {
    from = list.lower_bound(*after_);
    if (from != list.end() && *from == *after_) ++from;
  }
  if (from != list.end()) push({from, list.end(), {}, of_class, kNotYet});
}

void ChangedJobs::push(Walk walk) {
  walk.rank = walk.at->rank;
  walks_.push_back(walk);
  std::push_heap(walks_.begin(), walks_.end());
}

// To the walk's next job that may start. What no pass has seen is not skipped, since it needs a
// reason.
void ChangedJobs::go_on(Walk walk) {
  const bool of_class = walk.of_class != kNoClass;
  if (of_class && is_beyond_hope(walk.of_class)) return;
  while (of_class && walk.at != walk.end && !may_start(*walk.at)) {
    if (in_.demands.row(*walk.at).blocked_from <= Millis{0}) return;
    ++walk.at;
  }
  walk.bookings = bookings_;
  if (walk.at != walk.end) push(walk);
}

// Something has been booked.
void ChangedJobs::forget_hopeless() {
  bookings_ = in_.machine.mark();
  grown_.settle();
  std::erase_if(walks_, [&](const Walk& walk) {
    return walk.of_class != kNoClass && is_beyond_hope(walk.of_class);
  });
  std::make_heap(walks_.begin(), walks_.end());
}

// Whether a grown node could hold a share of it, and enough others beside it the rest.
bool ChangedJobs::may_start(const QueueEntry& entry) {
  const Time until = now_ + std::max(entry.length, Millis{1});
  if (!grown_.any_open(in_.demands.glance(entry.demand), until)) return false;
  DemandTable::Row& row = in_.demands.row(entry);
  if (entry.length >= row.blocked_from) return false;
  const Demand& demand = *row.demand;
  if (!grown_.any_fits(demand, {now_, entry.length})) return false;
  const bool some_blocked = row.blocked_from != Millis::max() && demand.components.size() == 1;
  if (some_blocked &&
      in_.placer.claimed_for(demand.components.front(), until) <= row.claimed_nodes) {
    return false;
  }
  return in_.placer.may_fit(demand, until);
}

const QueueEntry* ChangedJobs::next() {
  if (bookings_ != in_.machine.mark()) forget_hopeless();
  if (current_) {
    ++current_->at;
    go_on(*std::exchange(current_, std::nullopt));
  }
  while (!walks_.empty()) {
    std::pop_heap(walks_.begin(), walks_.end());
    Walk walk = walks_.back();
    walks_.pop_back();
    const bool to_be_looked_at = walk.of_class != kNoClass && walk.bookings != bookings_;
    if (walk.rank.job == last_ || (to_be_looked_at && !may_start(*walk.at))) {
      ++walk.at;
      go_on(walk);
      continue;
    }
    last_ = walk.rank.job;
    current_ = walk;
    return &*walk.at;
  }
  return nullptr;
}

}  // namespace usine
