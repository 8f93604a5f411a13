#include "scheduler/daemon/planner_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "scheduler/policy/limit_room.h"

namespace usine::daemon {
namespace {

// A begin time may lie further away than a wait can be long.
constexpr Millis kWaitMax{3'600'000};

}  // namespace

PlannerThread::PlannerThread(State state, WallClock& clock, Reader& reader)
    : planner_(std::move(state)), clock_(clock), reader_(reader) {}

void PlannerThread::start(EngineThread& engine, Committer& committer) {
  thread_ = std::thread([this, &engine, &committer] { run(engine, committer); });
}

void PlannerThread::stop() {
  inputs_.close();
  if (thread_.joinable()) thread_.join();
}

void PlannerThread::run(EngineThread& engine, Committer& committer) {
  while (true) {
    // Planner time never goes back, as the engine's does not.
    const Time now = std::max(clock_.now(), planner_.state().now);
    if (!plan_under_way_ && !limit_changes_.empty()) {
      tell(engine, std::move(limit_changes_.front()));
      limit_changes_.pop_front();
    }
    if (!plan_under_way_ && planner_.planner().has_work(now)) {
      propose(engine, make_pass(committer, now));
    }
    auto [inputs, ended] = inputs_.pop_all(next_wake());
    if (ended) return;
    for (Input& input : inputs) std::visit([this](auto& kind) { handle(kind); }, input);
  }
}

void PlannerThread::handle(const AppliedRows& rows) {
  for (const Applied& row : *rows) planner_.apply_row(row);
}

void PlannerThread::handle(PlanDecided decided) {
  plan_under_way_ = false;
  if (!decided.all_accepted) planner_.look_again();
}

void PlannerThread::tell(EngineThread& engine, LimitChange change) {
  const State& state = planner_.state();
  SetJobLimit& limit = *change.command.time_limit;
  if (const Job* const job = state.find_job(limit.job); job != nullptr) {
    limit.room_until = room_until(planner_.planner().promises(), *job, *state.config);
  }
  plan_under_way_ = true;
  auto decided = [this, reply = std::move(change.reply)](Result<Reply> outcome) mutable {
    reply(std::move(outcome));
    inputs_.push_reserved(PlanDecided{});
  };
  engine.tell_plan({std::move(change.command), std::move(decided), {}});
}

CommitPlan PlannerThread::make_pass(Committer& committer, Time now) {
  const auto began = std::chrono::steady_clock::now();
  Plan plan = planner_.plan(now);
  const auto took = std::chrono::steady_clock::now() - began;
  CommitPlan proposals = std::move(plan.proposals);
  reader_.publish(std::move(plan), std::chrono::duration_cast<std::chrono::microseconds>(took));
  // Before the engine hears of them: what was decided is never without what led to it.
  if (!proposals.empty() || planner_.inputs() >= kRecordedMax) {
    committer.record(planner_.take_inputs());
  }
  return proposals;
}

void PlannerThread::propose(EngineThread& engine, CommitPlan proposals) {
  if (proposals.empty()) return;
  plan_under_way_ = true;
  auto decided = [this](const Result<Reply>& reply) {
    const auto* const committed = reply ? std::get_if<PlanCommitted>(&*reply) : nullptr;
    inputs_.push_reserved(PlanDecided{committed != nullptr && committed->rejected.empty()});
  };
  engine.tell_plan({std::move(proposals), std::move(decided), {}});
}

os::BoundedQueue<PlannerThread::Input>::Deadline PlannerThread::next_wake() {
  const std::optional<Time> wake = planner_.planner().next_wake();
  if (!wake || plan_under_way_) return std::nullopt;
  const Millis wait = std::clamp<Millis>(*wake - clock_.now(), Millis{0}, kWaitMax);
  return std::chrono::steady_clock::now() + wait;
}

}  // namespace usine::daemon
