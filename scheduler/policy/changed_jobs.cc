#include "scheduler/policy/changed_jobs.h"

#include <algorithm>
#include <utility>

namespace usine {

ChangedJobs::ChangedJobs(const PlanningIndexes& indexes, GrownNodes& grown, Time now,
                         const QueueEntry* after)
    : in_(indexes), grown_(grown), now_(now), after_(after), headroom_(indexes.machine, now) {
  grown_.settle();
}

void ChangedJobs::add_fresh(const OrderedList<QueueEntry>& jobs) {
  fresh_ = &jobs;
  add(jobs, false);
}

void ChangedJobs::add_classes() {
  if (!grown_.any_room()) return;
  for (DemandClass demand = 0; demand < in_.queue.class_bound(); ++demand) {
    if (!is_beyond_hope(demand)) add(in_.queue.of_class(demand), true);
  }
}

// By what is known of the class at a glance: most are.
bool ChangedJobs::is_beyond_hope(DemandClass demand) {
  const Millis length = std::max(in_.queue.shortest(demand), Millis{1});
  if (length == Millis::max()) return true;  // it has no jobs
  const DemandTable::Glance& asked = in_.demands.glance(demand);
  return !grown_.any_open(asked, now_ + length) || headroom_.nodes_for(asked, length) < asked.nodes;
}

void ChangedJobs::add(const OrderedList<QueueEntry>& list, bool of_class) {
  auto from = after_ == nullptr ? list.begin() : list.lower_bound(*after_);
  if (from != list.end() && after_ != nullptr && *from == *after_) ++from;
  go_on({from, list.end(), of_class, 0});
}

// To the walk's next job that may start. What no pass has seen is not skipped, since it needs a
// reason.
void ChangedJobs::go_on(Walk walk) {
  while (walk.of_class && walk.at != walk.end && !may_start(*walk.at)) {
    if (in_.demands.row(*walk.at).blocked_from <= Millis{0}) return;
    ++walk.at;
  }
  walk.bookings = in_.machine.mark();
  if (walk.at != walk.end) walks_.push(walk);
}

// Whether a grown node could hold a share of it, and enough others beside it the rest.
bool ChangedJobs::may_start(const QueueEntry& entry) {
  grown_.settle();
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
  if (current_) {
    ++current_->at;
    go_on(*std::exchange(current_, std::nullopt));
  }
  while (!walks_.empty()) {
    Walk walk = walks_.top();
    walks_.pop();
    const bool met = walk.at->job() == last_;
    const bool room_has_gone = walk.of_class && walk.bookings != in_.machine.mark();
    if (met || (room_has_gone && !may_start(*walk.at))) {
      ++walk.at;
      go_on(walk);
      continue;
    }
    last_ = walk.at->job();
    current_ = walk;
    return &*walk.at;
  }
  return nullptr;
}

std::vector<JobId> ChangedJobs::rest_of_fresh(const QueueEntry& not_considered) const {
  std::vector<JobId> rest;
  for (auto at = fresh_->lower_bound(not_considered); at != fresh_->end(); ++at) {
    rest.push_back(at->job());
  }
  return rest;
}

}  // namespace usine
