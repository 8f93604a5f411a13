// The part of a pass about starts that are kept: which of them come true now or nearer, and which
// jobs get one.
#include <algorithm>
#include <utility>

#include "scheduler/policy/pass.h"

namespace usine {
namespace {

// Whether room for the job is a matter of time; else of nodes that are down.
bool is_busy(ReasonKind kind) {
  return kind == ReasonKind::kGpusBusy || kind == ReasonKind::kCoresBusy ||
         kind == ReasonKind::kMemoryBusy || kind == ReasonKind::kNodesBusy ||
         kind == ReasonKind::kNodeListBusy || kind == ReasonKind::kTopologyBusy ||
         kind == ReasonKind::kFeaturesBusy || kind == ReasonKind::kBehindHigherPriority ||
         kind == ReasonKind::kReserved;
}

}  // namespace

// A pass meets promises in their order, and asks of the job that it is at.
std::optional<std::size_t> Pass::promise_of(JobId job) const {
  const std::size_t end = std::min(promises_met_ + 1, in_.promises.size());
  for (std::size_t i = promises_met_ == 0 ? 0 : promises_met_ - 1; i < end; ++i) {
    if (in_.promises[i].job == job) return i;
  }
  return std::nullopt;
}

void Pass::drop_promises() {
  for (const Promise& promise : in_.promises) let_go(in_.machine, promise);
  in_.promises.clear();
}

// Of the entry that a full pass has come to: what is promised to those behind it gives way, but to
// no job that goes before them by a guess of its length.
void Pass::drop_promises_behind(const QueueEntry& entry) {
  const std::size_t before = in_.promises.size();
  const auto gives_way = [&](const Promise& promise) {
    if (!entry.precedes_by_limit(*in_.queue.find(promise.job))) return false;
    let_go(in_.machine, promise);
    return true;
  };
  const auto first = in_.promises.begin() + static_cast<std::ptrdiff_t>(promises_met_);
  in_.promises.erase(std::remove_if(first, in_.promises.end(), gives_way), in_.promises.end());
  if (in_.promises.size() < before) in_.demands.forget_decisions();
}

// It is time, and the job may not start: its room is for others.
void Pass::give_up_promise(std::size_t index) {
  let_go(in_.machine, in_.promises[index]);
  note_room(in_.promises[index]);
  in_.promises.erase(in_.promises.begin() + static_cast<std::ptrdiff_t>(index));
}

// The job starts where it can; else its promise comes nearer where it can.
void Pass::keep_promise(const QueueEntry& entry, std::size_t index) {
  const auto limit = in_.state.running.blocked(entry.use);
  const bool due = in_.promises[index].at <= order_.now;
  if (!limit && start_promised(entry, index)) return;
  if (!(limit && due)) bring_nearer(entry, index);
  if (limit && in_.promises[index].at <= order_.now) {
    give_up_promise(index);
    say_limit(entry.job(), *limit);
  }
}

// Now, so that the promise is fulfilled: first beside all other promises, then where only those
// before it count.
bool Pass::start_promised(const QueueEntry& entry, std::size_t index) {
  const Demand& demand = *in_.demands.row(entry).demand;
  const bool due = in_.promises[index].at <= order_.now;
  const bool has_a_chance =
      (due || order_.full || grown_.any_holds(demand)) && in_.placer.may_fit(demand, Time{});
  if (!has_a_chance) return false;
  let_go(in_.machine, in_.promises[index]);
  if (auto place = place_if_counts_allow(entry)) {
    start(entry, *std::move(place));
    note_room(in_.promises[index]);
    in_.promises.erase(in_.promises.begin() + static_cast<std::ptrdiff_t>(index));
    return true;
  }
  if (start_before_others(entry, index)) return true;
  hold(in_.machine, in_.promises[index]);
  return false;
}

// Where room has grown that could serve it, unless the pass has renewed enough.
void Pass::bring_nearer(const QueueEntry& entry, std::size_t index) {
  const Demand& demand = *in_.demands.row(entry).demand;
  Promise& promise = in_.promises[index];
  const std::size_t nodes = order_.full || demand.nodes == 1 ? 0 : in_.state.nodes.size();
  if (renewal_nodes_ > 0 && renewal_nodes_ + nodes > limits_.renewal_nodes_max) {
    promises_left_ = true;
    return;
  }
  const bool may_come_nearer = promise.at <= order_.now || order_.full ||
                               grown_.any_before(demand, {order_.now, entry.length}, promise);
  if (!may_come_nearer) return;
  renewal_nodes_ += nodes;
  renew(entry, promise);
}

// Where promises are many, most gangs are seen to have no place without a search.
std::optional<Allocation> Pass::place_if_counts_allow(const QueueEntry& entry) {
  const Demand& demand = *in_.demands.row(entry).demand;
  if (!in_.placer.may_fit(demand, order_.now + entry.length)) return std::nullopt;
  auto place = in_.placer.place(demand, {order_.now, entry.length});
  if (!place) return std::nullopt;
  return *std::move(place);
}

// Starts the job, if need be, on nodes that have got room and are promised to jobs behind it; those
// get new promises when their turn comes.
bool Pass::start_before_others(const QueueEntry& entry, std::size_t index) {
  std::vector<std::size_t> behind;
  for (std::size_t i = index + 1; i < in_.promises.size(); ++i) {
    if (!entry.precedes_by_limit(*in_.queue.find(in_.promises[i].job))) continue;
    const bool stands_in_the_way = std::ranges::any_of(
        in_.promises[i].shares, [&](const auto& share) { return grown_.contains(share.node); });
    if (stands_in_the_way) behind.push_back(i);
  }
  if (behind.empty()) return false;
  for (const std::size_t i : behind) let_go(in_.machine, in_.promises[i]);
  auto place = place_if_counts_allow(entry);
  if (!place) {
    for (const std::size_t i : behind) hold(in_.machine, in_.promises[i]);
    return false;
  }
  start(entry, *std::move(place));
  behind.push_back(index);
  for (const std::size_t i : behind) {
    note_room(in_.promises[i]);
    in_.promises[i].shares.clear();
    if (i != index) fresh_.insert(*in_.queue.find(in_.promises[i].job));
  }
  std::erase_if(in_.promises, [](const Promise& promise) { return promise.shares.empty(); });
  return true;
}

// Room has grown since: the promised start may come nearer, and never goes back.
void Pass::renew(const QueueEntry& entry, Promise& promise) {
  let_go(in_.machine, promise);
  const Demand& demand = *in_.demands.row(entry).demand;
  const Run run{order_.now, entry.length};
  const bool anew = order_.full || promise.at < order_.now;
  auto found = anew ? in_.finder.find(promise.job, demand, run)
                    : in_.finder.find_sooner(promise.job, demand, run,
                                             {promise.at - Millis{1}, grown_.nodes()});
  const bool better = found && (promise.at < order_.now || found->at <= promise.at);
  if (better) {
    note_room(promise);
    promise = *std::move(found);
    note_room(promise);
  }
  hold(in_.machine, promise);
}

// What is claimed of its nodes is less than before, or from later on: others may fit there now.
void Pass::note_room(const Promise& promise) {
  for (const Promise::Share& share : promise.shares) grown_.add(share.node);
}

void Pass::promise_start(const QueueEntry& entry, const Reason& reason) {
  if (in_.promises.size() >= protected_jobs_ || !is_busy(reason.kind)) return;
  const JobRequest& request = *in_.state.find_job(entry.job())->request;
  if (!request.reservation.empty()) return;
  auto found =
      in_.finder.find(entry.job(), *in_.demands.row(entry).demand, {order_.now, entry.length});
  if (!found) return;
  ++promises_made_;
  hold(in_.machine, *found);
  const auto place = std::ranges::upper_bound(
      in_.promises, entry, {},
      [&](const Promise& one) -> const QueueEntry& { return *in_.queue.find(one.job); });
  in_.promises.insert(place, *std::move(found));
  ++promises_met_;
}

}  // namespace usine
