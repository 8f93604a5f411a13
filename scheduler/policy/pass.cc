#include "scheduler/policy/pass.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <queue>
#include <span>

#include "scheduler/core/arrays.h"
#include "scheduler/core/reservations.h"
#include "scheduler/policy/eligibility.h"

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

// Whether a job that runs for less time may find a place where this one did not: beside what is
// promised to others.
bool depends_on_length(const Machine& machine, ReasonKind kind) {
  return !machine.held().empty() && kind != ReasonKind::kGpusBusy &&
         kind != ReasonKind::kNodesDown && kind != ReasonKind::kPartitionDown;
}

// To the nodes of the reservation that the request names.
void confine(Demand& demand, const State& state) {
  const auto found = state.reservations.find(demand.request->reservation);
  if (found == state.reservations.end()) return;
  std::vector<NodeId> others;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    if (!found->second.nodes.contains(NodeId{i})) others.push_back(NodeId{i});
  }
  for (ComponentDemand& component : demand.components) {
    std::vector<NodeId> excluded;
    std::ranges::set_union(component.excluded, others, std::back_inserter(excluded));
    component.excluded = std::move(excluded);
  }
}

// Why a job is kept from nodes that nobody has been promised; none where no reservation is.
std::optional<Reason> reserved_reason(const State& state, const Job& job, Time now) {
  const NodeReservation* const first = first_in_the_way(state, stay_of(state, job, now));
  if (first == nullptr) return std::nullopt;
  const Time begin = window_of(first->request, first->window)->begin;
  return Reason{ReasonKind::kReserved, begin.time_since_epoch().count(), 0, 0, first->request.name};
}

bool any_preempts(const ClusterConfig& config) {
  return std::ranges::any_of(config.qos,
                             [](const Qos& qos) { return !qos.preemption.victims.empty(); });
}

std::uint64_t key_of(const LimitHit& hit) {
  return std::uint64_t{hit.group} << 32 | static_cast<std::uint64_t>(hit.asked) << 2 |
         static_cast<std::uint64_t>(hit.amount);
}

}  // namespace

Pass::Pass(const PlanningIndexes& indexes, const PlanLimits& limits, PassOrder order)
    : in_(indexes),
      limits_(limits),
      order_(std::move(order)),
      tries_left_(limits.placements_tried_max),
      renewals_left_(order_.full ? ~std::size_t{0} : limits.promises_renewed_max),
      grown_(indexes.machine, indexes.timeline, order_.grown),
      preemptions_left_(any_preempts(*indexes.state.config) ? limits.preemptions_tried_max : 0) {}

Plan Pass::run() {
  plan_.proposals.seen = in_.state.sequence;
  const std::size_t mark = in_.machine.mark();
  if (order_.full) {
    go_over_all();
  } else {
    go_over_first();
  }
  in_.machine.roll_back(mark);
  undo();
  for (const Promise& promise : in_.promises) plan_.estimates[promise.job] = promise.at;
  return std::move(plan_);
}

// Bookings of the pass come back as events; until then the timeline knows only what holds.
void Pass::undo() {
  for (const ProposedStart& start : plan_.proposals.starts) {
    for (const NodeShare& share : start.allocation.nodes) {
      in_.timeline.remove_release(start.job, share.node);
      in_.timeline.set_free(share.node, amount_of(in_.machine.free(share.node)));
    }
  }
  for (const LimitUse& use : taken_) in_.state.running.give_back(use);
  for (const ProposedPreemption& one : plan_.proposals.preemptions) in_.kept.drop(one.job);
}

// ---- which jobs --------------------------------------------------------------------------------

void Pass::go_over_all() {
  if (order_.afresh) drop_promises_behind();
  for (const QueueEntry& entry : in_.queue.entries()) consider(entry);
}

// Of the entry that a full pass has come to: it goes before them.
void Pass::drop_promises_behind() {
  const auto first = in_.promises.begin() + static_cast<std::ptrdiff_t>(promises_met_);
  for (auto it = first; it != in_.promises.end(); ++it) let_go(*it);
  in_.promises.erase(first, in_.promises.end());
}

void Pass::go_over_first() {
  std::size_t blocked = 0;
  const QueueEntry* last = nullptr;
  for (const QueueEntry& entry : in_.queue.entries()) {
    if (blocked == limits_.protected_jobs_max) break;
    const std::size_t starts = plan_.proposals.starts.size();
    consider(entry);
    last = &entry;
    if (promise_of(entry.job()) && plan_.proposals.starts.size() == starts) ++blocked;
  }
  go_over_changed(last);
}

// Beyond the first ones: jobs that no pass has seen, and those of classes that may fit now, in the
// order of the queue.
void Pass::go_over_changed(const QueueEntry* after) {
  std::priority_queue<Walk> walks;
  const auto add = [&](const OrderedList<QueueEntry>& list, bool of_class) {
    auto from = after == nullptr ? list.begin() : list.lower_bound(*after);
    if (from != list.end() && after != nullptr && *from == *after) ++from;
    Walk walk{from, list.end(), of_class};
    if (skip_hopeless(walk)) walks.push(walk);
  };
  OrderedList<QueueEntry> fresh;
  std::ranges::sort(order_.fresh);
  const auto [first, past] = std::ranges::unique(order_.fresh);
  order_.fresh.erase(first, past);
  for (const JobId job : order_.fresh) {
    if (const QueueEntry* const entry = in_.queue.find(job)) fresh.insert(*entry);
  }
  add(fresh, false);
  for (const DemandClass demand : changed_classes()) add(in_.queue.of_class(demand), true);
  JobId last;  // a fresh job may be met twice, one time right after the other
  while (!walks.empty()) {
    Walk walk = walks.top();
    walks.pop();
    if (plan_.proposals.starts.size() >= limits_.event_starts_max) {
      unfinished_ = true;
      if (!walk.of_class) postpone(walk);
      continue;
    }
    const bool met = walk.at->job() == std::exchange(last, walk.at->job());
    if (!met) consider(*walk.at);
    ++walk.at;
    if (skip_hopeless(walk)) walks.push(walk);
  }
}

// What is left of a walk over new jobs is new to the next pass.
void Pass::postpone(Walk walk) {
  for (; walk.at != walk.end; ++walk.at) postponed_.push_back(walk.at->job());
}

// Goes on to the next entry that may start; false: there is none. What no pass has seen is not
// skipped, since it needs a reason.
bool Pass::skip_hopeless(Walk& walk) {
  if (!walk.of_class) return walk.at != walk.end;
  for (; walk.at != walk.end; ++walk.at) {
    Row& row = row_of(*walk.at);
    if (row.blocked_from <= Millis{0}) return false;
    if (may_fit_now(row, walk.at->length)) return true;
  }
  return false;
}

// Whether a job of this length could have a grown node, and enough others beside it.
bool Pass::may_fit_now(Row& row, Millis length) {
  const Demand& demand = *row.demand;
  row.no_open = row.no_open || !grown_.any_open(demand);
  if (row.no_open && grown_.longest_held(demand) < std::max(length, Millis{1})) return false;
  if (!held_room_) held_room_.emplace(in_.machine, in_.timeline, order_.now);
  const std::size_t gpus = demand.components.front().asked->per_node.gpus;
  const std::uint64_t claimed = held_room_->nodes_for(gpus, length);
  if (row.blocked_from != Millis::max() && claimed <= row.claimed_nodes) return false;
  if (demand.components.size() == 1 && !in_.placer.may_fit(demand, claimed)) return false;
  row.claimed_nodes = claimed;
  return true;
}

// Those of which something may start that could not when the last pass looked at them. Most are
// passed over at a glance.
std::vector<DemandClass> Pass::changed_classes() {
  std::vector<DemandClass> changed;
  if (grown_.empty()) return changed;
  const GrownNodes::Most most = grown_.most();
  grown_.settle(order_.now);
  std::array<std::uint64_t, GpuSet::kCapacity + 1> room{};  // nodes by free GPUs, at most
  for (std::size_t gpus = 0; gpus <= most.gpus; ++gpus) room[gpus] = in_.placer.room_for(gpus);
  for (DemandClass demand = 0; demand < in_.queue.class_bound(); ++demand) {
    const DemandTable::Glance& glance = in_.demands.glance(demand);
    if (glance.gpus > most.gpus || glance.cores > most.cores) continue;
    if (glance.nodes > room[glance.gpus] || in_.queue.of_class(demand).empty()) continue;
    const Demand& wanted = *row_of(*in_.queue.of_class(demand).begin()).demand;
    if (in_.placer.may_fit(wanted) && grown_.any_holds(wanted)) changed.push_back(demand);
  }
  return changed;
}

// ---- one job -----------------------------------------------------------------------------------

Pass::Row& Pass::row_of(const QueueEntry& entry) {
  Row& row = in_.demands.row(entry.demand);
  if (!row.demand) {
    const Job& job = *in_.state.find_job(entry.job());
    const Switches switches = switches_wanted(job, order_.now);
    Demand demand = make_demand(in_.machine, job.partition, job.request, switches);
    if (!job.request->reservation.empty()) confine(demand, in_.state);
    in_.demands.set(entry.demand, std::move(demand));
  }
  if (row.pass != order_.number) {
    row.pass = order_.number;
    row.blocked_from = Millis::max();
    row.no_open = false;
  }
  return row;
}

void Pass::consider(const QueueEntry& entry) {
  if (entry.plain && preemptions_left_ == 0) return consider_anywhere(entry);
  const Job& job = *in_.state.find_job(entry.job());
  if (job.claim) return start_where_kept(entry, job);
  const std::size_t starts = plan_.proposals.starts.size();
  if (job.request->reservation.empty()) {
    consider_anywhere(entry);
  } else {
    consider_in_reservation(entry);
  }
  if (preemptions_left_ > 0 && plan_.proposals.starts.size() == starts) preempt_for(entry, job);
}

// What keeps its nodes from others does not keep this one; it may have become too late for the
// window since the job came into the queue.
void Pass::consider_in_reservation(const QueueEntry& entry) {
  const Job& job = *in_.state.find_job(entry.job());
  if (auto reason = not_eligible(in_.state, job, order_.now)) {
    plan_.reasons.set(job.id, *std::move(reason));
    return;
  }
  const std::string& name = job.request->reservation;
  in_.reserved.lift(name, in_.machine, in_.timeline);
  consider_anywhere(entry);
  in_.reserved.lay(name, in_.machine, in_.timeline);
}

void Pass::consider_anywhere(const QueueEntry& entry) {
  if (const auto promise = promise_of(entry.job())) {
    keep_promise(entry, *promise);
    promises_met_ += promise_of(entry.job()) ? 1 : 0;
    return;
  }
  if (const auto hit = in_.state.running.blocked(entry.use)) return say_limit(entry.job(), *hit);
  if (order_.full) drop_promises_behind();
  Row& row = row_of(entry);
  if (entry.length >= row.blocked_from) {
    plan_.reasons.set(entry.job(), row.reason);
    if (in_.promises.size() < limits_.protected_jobs_max) {
      promise_start(entry, plan_.reasons.reason({entry.job(), row.reason}));
    }
    return;
  }
  // Of an array, one task after another.
  const Job& job = *in_.state.find_job(entry.job());
  std::uint64_t left = startable_tasks(in_.state, job, order_.now);
  while (left > 0 && start_one(entry, job)) --left;
  if (left == 0 && job.is_array()) {
    plan_.reasons.set(job.id, no_task_reason(in_.state, job, order_.now));
  }
}

// Whether there is room for one more start of the job, which is proposed then; else it has a
// reason.
bool Pass::start_one(const QueueEntry& entry, const Job& job) {
  if (const auto hit = in_.state.running.blocked(entry.use)) {
    say_limit(job.id, *hit);
    return false;
  }
  if (tries_left_ == 0) {
    plan_.reasons.set(job.id, Reason{ReasonKind::kPassLimit, 0, 0, 0, {}});
    postponed_.push_back(job.id);
    return false;
  }
  --tries_left_;
  Row& row = row_of(entry);
  auto place = in_.placer.place(*row.demand, {order_.now, entry.length});
  if (!place) {
    block(entry, row, std::move(place.error()));
    return false;
  }
  start(entry, *std::move(place));
  return true;
}

void Pass::start(const QueueEntry& entry, Allocation allocation) {
  for (const NodeShare& share : allocation.nodes) {
    in_.timeline.add_release(entry.job(), order_.now + entry.length, share);
    in_.timeline.set_free(share.node, amount_of(in_.machine.free(share.node)));
  }
  in_.state.running.take(entry.use);
  taken_.push_back(entry.use);
  plan_.proposals.starts.push_back({entry.job(), std::move(allocation)});
}

void Pass::block(const QueueEntry& entry, Row& row, Reason reason) {
  row.blocked_from = depends_on_length(in_.machine, reason.kind) ? entry.length : Millis{0};
  if (reason.kind == ReasonKind::kBehindHigherPriority && !in_.promises.empty()) {
    reason.asked = static_cast<std::int64_t>(in_.promises.front().job.value);
  } else if (reason.kind == ReasonKind::kBehindHigherPriority) {
    auto reserved = reserved_reason(in_.state, *in_.state.find_job(entry.job()), order_.now);
    if (reserved) reason = *std::move(reserved);
  }
  const bool busy = in_.promises.size() < limits_.protected_jobs_max && is_busy(reason.kind);
  row.reason = plan_.reasons.add(std::move(reason));
  plan_.reasons.set(entry.job(), row.reason);
  if (busy) promise_start(entry, plan_.reasons.reason({entry.job(), row.reason}));
}

void Pass::say_limit(JobId job, const LimitHit& hit) {
  const auto [known, is_new] = limit_reasons_.try_emplace(key_of(hit), 0);
  if (is_new) known->second = plan_.reasons.add(in_.state.running.reason_of(hit));
  plan_.reasons.set(job, known->second);
  limited_.emplace_back(hit.group, job);
}

// ---- promises ----------------------------------------------------------------------------------

// A full pass meets promises in their order.
std::optional<std::size_t> Pass::promise_of(JobId job) const {
  const auto from =
      in_.promises.begin() + static_cast<std::ptrdiff_t>(order_.full ? promises_met_ : 0);
  const auto to = order_.full && from != in_.promises.end() ? from + 1 : in_.promises.end();
  const auto found = std::ranges::find(from, to, job, &Promise::job);
  if (found == to) return std::nullopt;
  return static_cast<std::size_t>(found - in_.promises.begin());
}

void Pass::hold(const Promise& promise) {
  for (const Promise::Share& share : promise.shares) {
    in_.timeline.add_claim(share.node, {promise.job, share.amount, promise.at, promise.until});
    in_.machine.set_held(share.node, true);
  }
}

void Pass::let_go(const Promise& promise) {
  for (const Promise::Share& share : promise.shares) {
    in_.timeline.remove_claim(promise.job, share.node);
    in_.machine.set_held(share.node, in_.timeline.is_claimed(share.node));
  }
}

// Starts the job now where it can, so that its promise is fulfilled: first beside all other
// promises, then where only those before it count.
void Pass::keep_promise(const QueueEntry& entry, std::size_t index) {
  const Demand& demand = *row_of(entry).demand;
  const bool due = in_.promises[index].at <= order_.now;
  const bool may_start = (due || order_.full || grown_.any_holds(demand)) &&
                         in_.placer.may_fit(demand) && !in_.state.running.blocked(entry.use);
  if (may_start) {
    let_go(in_.promises[index]);
    if (auto place = in_.placer.place(demand, {order_.now, entry.length})) {
      start(entry, *std::move(place));
      note_room(in_.promises[index]);
      in_.promises.erase(in_.promises.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    if (start_before_others(entry, index)) return;
    hold(in_.promises[index]);
  }
  Promise& promise = in_.promises[index];
  const bool may_come_nearer = due || order_.full || grown_.any_before(demand, promise.at);
  if (renewals_left_ == 0 || !may_come_nearer) return;
  --renewals_left_;
  renew(entry, promise);
}

// Starts the job, if need be, on nodes that have got room and are promised to jobs behind it; those
// get new promises when their turn comes.
bool Pass::start_before_others(const QueueEntry& entry, std::size_t index) {
  std::vector<std::size_t> behind;
  for (std::size_t i = index + 1; i < in_.promises.size(); ++i) {
    const bool stands_in_the_way = std::ranges::any_of(
        in_.promises[i].shares, [&](const auto& share) { return grown_.contains(share.node); });
    if (stands_in_the_way) behind.push_back(i);
  }
  if (behind.empty()) return false;
  for (const std::size_t i : behind) let_go(in_.promises[i]);
  auto place = in_.placer.place(*row_of(entry).demand, {order_.now, entry.length});
  if (!place) {
    for (const std::size_t i : behind) hold(in_.promises[i]);
    return false;
  }
  start(entry, *std::move(place));
  behind.push_back(index);
  for (const std::size_t i : behind) {
    note_room(in_.promises[i]);
    in_.promises[i].shares.clear();
  }
  std::erase_if(in_.promises, [](const Promise& promise) { return promise.shares.empty(); });
  return true;
}

// Room has grown since: the promised start may come nearer, and never goes back.
void Pass::renew(const QueueEntry& entry, Promise& promise) {
  let_go(promise);
  auto found = in_.finder.find(promise.job, *row_of(entry).demand, {order_.now, entry.length});
  const bool better = found && (found->at < promise.at || promise.at < order_.now ||
                                (order_.full && found->at == promise.at));
  if (better) {
    note_room(promise);
    promise = *std::move(found);
    note_room(promise);
  }
  hold(promise);
}

// What is claimed of its nodes is less than before, or from later on: others may fit there now.
void Pass::note_room(const Promise& promise) {
  for (const Promise::Share& share : promise.shares) grown_.add(share.node);
}

void Pass::promise_start(const QueueEntry& entry, const Reason& reason) {
  const JobRequest& request = *in_.state.find_job(entry.job())->request;
  if (!is_busy(reason.kind) || !request.reservation.empty()) return;
  auto found = in_.finder.find(entry.job(), *row_of(entry).demand, {order_.now, entry.length});
  if (!found) return;
  hold(*found);
  const auto place = std::ranges::upper_bound(
      in_.promises, entry, {},
      [&](const Promise& one) -> const QueueEntry& { return *in_.queue.find(one.job); });
  in_.promises.insert(place, *std::move(found));
  ++promises_met_;
}

}  // namespace usine
