#include "scheduler/policy/planner.h"

#include <expected>
#include <utility>

#include "scheduler/core/decide.h"
#include "scheduler/placement/gang.h"
#include "scheduler/policy/eligibility.h"

namespace usine {
namespace {

// Whether room for the job is a matter of time; else of nodes that are down.
bool is_busy(ReasonKind kind) {
  return kind == ReasonKind::kGpusBusy || kind == ReasonKind::kCoresBusy ||
         kind == ReasonKind::kMemoryBusy || kind == ReasonKind::kNodesBusy ||
         kind == ReasonKind::kNodeListBusy;
}

struct PassInput {
  const Timeline& timeline;
  std::size_t classes = 0;  // of demand
  std::uint64_t tries = 0;  // placements to try at most
  Time now{};
};

// One pass: what it has learned of each class of request, and what is kept for whom.
class Pass {
 public:
  Pass(Machine& machine, PassInput input, std::optional<Reservation> reservation)
      : machine_(machine),
        input_(input),
        blocked_(2 * input.classes),
        reservation_(std::move(reservation)) {}

  void consider(const QueueEntry& entry, Plan& plan) {
    const Job& job = *machine_.state().find_job(entry.job);
    if (auto reason = not_eligible(machine_.state(), job, input_.now)) {
      plan.reasons[job.id] = *std::move(reason);
      return;
    }
    // No room grows within a pass: what one request of a class could not get, none of them can.
    const bool must_avoid = reservation_ && input_.now + job.request->time_limit > reservation_->at;
    std::optional<Reason>& blocked = blocked_[2 * entry.demand + (must_avoid ? 1 : 0)];
    if (!blocked && input_.tries == 0) {
      plan.reasons[job.id] = Reason{ReasonKind::kPassLimit, 0, 0, 0, {}};
      postponed_.insert(entry);
      return;
    }
    if (!blocked) {
      --input_.tries;
      auto place = must_avoid ? place_around_reservation(job)
                              : place_gang(machine_, job.partition, *job.request);
      if (place) {
        plan.proposals.starts.push_back({job.id, *std::move(place)});
        return;
      }
      blocked = std::move(place.error());
    }
    plan.reasons[job.id] = *blocked;
    if (!reservation_ && is_busy(blocked->kind)) {
      reservation_ = reserve(machine_, input_.timeline, job, input_.now);
    }
  }

  [[nodiscard]] std::set<QueueEntry> take_postponed() { return std::move(postponed_); }
  [[nodiscard]] std::optional<Reservation> take_reservation() { return std::move(reservation_); }

 private:
  std::expected<Allocation, Reason> place_around_reservation(const Job& job) {
    auto place = place_gang(machine_, job.partition, *job.request, reservation_->nodes);
    if (place) return place;
    const std::size_t mark = machine_.mark();
    auto anywhere = place_gang(machine_, job.partition, *job.request);
    machine_.roll_back(mark);
    if (!anywhere) return anywhere;
    const auto ahead = static_cast<std::int64_t>(reservation_->job.value);
    return std::unexpected(Reason{ReasonKind::kBehindHigherPriority, ahead, 0, 0, {}});
  }

  Machine& machine_;
  PassInput input_;
  std::vector<std::optional<Reason>> blocked_;  // by class, then whether it must avoid
  std::optional<Reservation> reservation_;
  std::set<QueueEntry> postponed_;
};

}  // namespace

Planner::Planner(State state, PlanLimits limits)
    : state_(std::make_unique<State>(std::move(state))), limits_(limits), machine_(*state_) {
  for (const auto& [id, job] : state_->jobs) {
    if (job.state == JobState::kPending) update_job(id);
    if (job.attempt) update_timeline(id);
  }
}

void Planner::apply_row(Sequence sequence, Time time, const std::vector<Event>& events) {
  for (const Event& event : events) {
    apply_event(*state_, event);
    take_event(event);
  }
  advance(*state_, sequence, time);
}

void Planner::update_job(JobId id) {
  const Job& job = *state_->find_job(id);
  const bool waits = job.state == JobState::kPending;
  if (waits && waiting_.insert(id).second) queue_.add(job);
  if (!waits && waiting_.erase(id) == 1) leave(job);
  if (waits && job.not_before) {
    wakes_.insert({*job.not_before, id});
    wake_of_[id] = *job.not_before;
  }
}

void Planner::leave(const Job& job) {
  queue_.remove(job);
  const auto wake = wake_of_.find(job.id);
  if (wake == wake_of_.end()) return;
  wakes_.erase({wake->second, job.id});
  wake_of_.erase(wake);
}

void Planner::update_timeline(JobId id) {
  const Job& job = *state_->find_job(id);
  timeline_.set(id, latest_end(job, state_->config->timings), job.attempt->allocation.nodes);
}

// Its holder has started or left: a full pass says what is kept for whom now.
void Planner::drop_reservation_of(JobId id) {
  if (!reservation_ || reservation_->job != id) return;
  reservation_.reset();
  look_again();
}

void Planner::refresh_nodes(const std::vector<NodeShare>& shares) {
  for (const NodeShare& share : shares) machine_.refresh(share.node);
}

void Planner::take_event(const Event& event) {
  struct Taker {
    Planner& planner;

    void operator()(const ClusterConfigured&) const { rebuild(); }
    void operator()(const EpochStarted&) const { rebuild(); }
    void operator()(const NodeJoined& one) const { grow(one.node); }
    void operator()(const NodeResumed& one) const { grow(one.node); }
    void operator()(const NodeUnreachable& one) const { planner.machine_.refresh(one.node); }
    void operator()(const NodeLost& one) const { planner.machine_.refresh(one.node); }
    void operator()(const NodeDrained& one) const { planner.machine_.refresh(one.node); }
    void operator()(const NodeFenced&) const { planner.look_again(); }
    void operator()(const JobSubmitted& one) const {
      planner.update_job(one.job);
      // A raised priority may go before the job that room is kept for.
      if (planner.state_->find_job(one.job)->request->priority > 0) planner.look_again();
    }
    void operator()(const JobHeld&) const { planner.look_again(); }
    void operator()(const JobReleased&) const { planner.look_again(); }
    void operator()(const AttemptPlaced& one) const {
      planner.update_job(one.job);
      planner.update_timeline(one.job);
      planner.drop_reservation_of(one.job);
      planner.refresh_nodes(one.allocation.nodes);
    }
    void operator()(const NodePrepared&) const {}
    void operator()(const AttemptStarted& one) const { planner.update_timeline(one.key.job); }
    void operator()(const StopRequested& one) const { planner.update_timeline(one.key.job); }
    void operator()(const AttemptNodeEnded& one) const {
      const Attempt& attempt = *planner.state_->find_attempt(one.key);
      grow(attempt.allocation.nodes[one.index].node);
    }
    void operator()(const AttemptEnded& one) const { planner.timeline_.remove(one.key.job); }
    void operator()(const JobRequeued& one) const { planner.update_job(one.job); }
    void operator()(const JobEnded& one) const {
      planner.update_job(one.job);
      planner.drop_reservation_of(one.job);
    }
    void operator()(const JobForgotten&) const {}

    void rebuild() const {
      planner.machine_.rebuild();
      planner.look_again();
    }
    void grow(NodeId node) const {
      planner.machine_.refresh(node);
      planner.look_again();
    }
  };
  std::visit(Taker{*this}, event);
}

bool Planner::has_work(Time now) const {
  if (!wakes_.empty() && wakes_.begin()->first <= now) return true;
  return full_pass_ ? !queue_.entries().empty() : !queue_.fresh().empty();
}

std::optional<Time> Planner::next_wake() const {
  if (wakes_.empty()) return std::nullopt;
  return wakes_.begin()->first;
}

Plan Planner::plan(Time now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    wakes_.erase(wakes_.begin());
    full_pass_ = true;
  }
  Plan plan;
  plan.proposals.seen = state_->sequence;
  if (full_pass_) reservation_.reset();
  const PassInput input{timeline_, queue_.class_bound(), limits_.placements_tried_max, now};
  Pass pass(machine_, input, std::move(reservation_));
  const std::size_t mark = machine_.mark();
  for (const QueueEntry& entry : full_pass_ ? queue_.entries() : queue_.fresh()) {
    pass.consider(entry, plan);
  }
  machine_.roll_back(mark);
  queue_.set_fresh(pass.take_postponed());
  reservation_ = pass.take_reservation();
  if (reservation_) plan.estimates[reservation_->job] = reservation_->at;
  full_pass_ = false;
  return plan;
}

}  // namespace usine
