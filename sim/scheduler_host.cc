#include "sim/scheduler_host.h"

#include <algorithm>
#include <string>
#include <utility>

namespace usine::sim {
namespace {

constexpr Millis kCommitMin{1};
constexpr Millis kCommitMax{5};
constexpr Millis kPlanMin{1};
constexpr Millis kPlanMax{30};
constexpr Millis kRestartMin{100};
constexpr Millis kRestartMax{30'000};
constexpr Millis kClockErrorMax{120'000};

}  // namespace

// ---- life and death ---------------------------------------------------------------------------

void SchedulerHost::start() {
  parts_.story.tell(parts_.agenda.now(), "the scheduler starts");
  if (parts_.chance.one_in(6))
    clock_error_ = parts_.chance.between(-kClockErrorMax, kClockErrorMax);
  const auto epoch = parts_.journal.open_epoch();
  const EngineStart begin{*epoch, parts_.config, "simulation"};
  running_ = std::make_unique<Running>(recover_checked(), begin, wall());
  parts_.network.scheduler_listens(true);
  running_->leases.start(running_->engine.state(), parts_.agenda.now());
  begin_commit();
}

void SchedulerHost::crash(std::optional<Millis> outage) {
  if (!running_) return;
  ++crashes_;
  parts_.story.tell(parts_.agenda.now(), "the scheduler crashes");
  replica_ = running_->planner.state();
  const std::unique_ptr<Running> dead = std::move(running_);
  parts_.network.scheduler_listens(false);
  for (const auto& [call, handler] : dead->handlers) handler(std::nullopt);
  if (!outage) outage = parts_.chance.between(kRestartMin, kRestartMax);
  parts_.agenda.in(*outage, [this] { start(); });
}

// Recovery gives what the last process had committed: its replica and the rows it had not seen.
State SchedulerHost::recover_checked() {
  Result<State> recovered = recover(parts_.journal);
  if (!recovered) {
    parts_.witness.breach("recovery fails: " + recovered.error().message);
    return {};
  }
  if (replica_) {
    const Status read =
        parts_.journal.read_rows(replica_->sequence, [this](const JournalRow& row) -> Status {
          const Applied unseen{row.sequence, row.time, *decode_events(row.version, row.events)};
          parts_.story.tell(unseen);
          parts_.witness.committed(unseen.events);
          apply_row(*replica_, unseen);
          return {};
        });
    if (!read || digest(*recovered) != digest(*replica_)) {
      parts_.witness.breach("recovery gives another state than the replica had");
    }
  }
  parts_.witness.check_state(*recovered);
  parts_.witness.check_promises(*recovered, parts_.journal);
  if (parts_.chance.one_in(4)) {
    static_cast<void>(
        parts_.journal.write_snapshot({recovered->sequence, encode_snapshot(*recovered)}));
  }
  return *std::move(recovered);
}

void SchedulerHost::later(Millis delay, std::function<void()> action) {
  parts_.agenda.in(
      delay, [this, process = running_.get(), epoch = running_->epoch, action = std::move(action)] {
        if (running_.get() == process && running_->epoch == epoch) action();
      });
}

// ---- deciding and committing ------------------------------------------------------------------

void SchedulerHost::call(const Command& command, ReplyHandler handler) {
  if (!running_) return handler(std::nullopt);
  take(command, std::move(handler));
}

void SchedulerHost::take(const Command& command, ReplyHandler handler) {
  running_->handlers.emplace(++calls_, std::move(handler));
  running_->engine.handle(command, calls_, wall());
  parts_.witness.check_state(running_->engine.state());
  begin_commit();
  arm();
}

void SchedulerHost::begin_commit() {
  if (running_->committing) return;
  Batch batch = running_->engine.take_batch();
  if (batch.empty()) return;
  running_->committing = std::move(batch);
  later(parts_.chance.between(kCommitMin, kCommitMax), [this] { end_commit(); });
}

CommitFault SchedulerHost::take_fault() {
  if (commit_fault_ == CommitFault::kNone) return CommitFault::kNone;
  if (good_commits_ > 0) {
    --good_commits_;
    return CommitFault::kNone;
  }
  return std::exchange(commit_fault_, CommitFault::kNone);
}

void SchedulerHost::end_commit() {
  Batch batch = *std::exchange(running_->committing, std::nullopt);
  if (!batch.commit.rows.empty()) {
    const CommitFault fault = take_fault();
    if (fault == CommitFault::kBefore) return crash();
    if (fault == CommitFault::kRefused) parts_.journal.fail_next_commit();
    batch.commit.planner_inputs = running_->planner.take_inputs();
    const Status committed = parts_.journal.commit(running_->epoch, batch.expected, batch.commit);
    if (!committed || fault == CommitFault::kAfter) return crash();
    running_->dies_while_telling = fault == CommitFault::kHalfTold;
  }
  deliver(batch);
}

void SchedulerHost::deliver(const Batch& batch) {
  for (const Applied& row : *batch.applied) {
    parts_.story.tell(row);
    parts_.witness.committed(row.events);
    running_->planner.apply_row(row);
  }
  for (const PendingReply& reply : batch.replies) {
    const auto waiting = running_->handlers.extract(reply.to);
    if (!waiting.empty()) waiting.mapped()(reply.reply);
    if (dies_half_told()) return;
  }
  for (const AgentEffect& effect : batch.effects) {
    const auto stream = running_->streams.find(effect.node);
    if (stream != running_->streams.end()) {
      parts_.network.tell_agent(stream->second, effect.message);
    }
    if (dies_half_told()) return;
  }
  begin_commit();
  plan();
  arm();
}

bool SchedulerHost::dies_half_told() {
  if (!running_->dies_while_telling || !parts_.chance.one_in(2)) return false;
  crash();
  return true;
}

// ---- planning and time ------------------------------------------------------------------------

// Never goes back, as the engine's does not.
Time SchedulerHost::planner_time() const { return std::max(wall(), running_->planner.state().now); }

void SchedulerHost::plan() {
  if (running_->plan_under_way || !running_->planner.planner().has_work(planner_time())) return;
  Plan plan = running_->planner.plan(planner_time());
  if (plan.proposals.empty()) return;
  running_->plan_under_way = true;
  const Millis thinking = parts_.chance.between(kPlanMin, kPlanMax);
  later(thinking, [this, proposals = std::move(plan.proposals)] {
    take(proposals, [this](const std::optional<Result<Reply>>& reply) {
      if (!reply) return;
      running_->plan_under_way = false;
      const bool accepted = *reply && std::get<PlanCommitted>(**reply).rejected.empty();
      if (!accepted) running_->planner.look_again();
    });
  });
}

void SchedulerHost::arm() {
  std::optional<Time> next = running_->leases.next_expiry();
  for (const auto& other :
       {running_->engine.next_tick(), running_->planner.planner().next_wake()}) {
    if (!other) continue;
    const Time at = *other - clock_error_;
    next = next ? std::min(*next, at) : at;
  }
  if (!next || (running_->wakes_at && *running_->wakes_at <= *next)) return;
  // A wake that is due and was not used up waits for a plan that is under way: ask again soon.
  next = std::max(*next, parts_.agenda.now() + Millis{1});
  running_->wakes_at = next;
  later(*next - parts_.agenda.now(), [this, at = *next] {
    if (running_->wakes_at == at) running_->wakes_at.reset();
    pass_time();
  });
}

void SchedulerHost::pass_time() {
  const auto nobody = [](const std::optional<Result<Reply>>&) {};
  for (const NodeId node : running_->leases.expired(parts_.agenda.now())) {
    take(LeaseExpired{node}, nobody);
  }
  const auto tick = running_->engine.next_tick();
  if (tick && *tick <= wall()) take(Tick{}, nobody);
  plan();
  arm();
}

// ---- agents -----------------------------------------------------------------------------------

void SchedulerHost::heard_from(NodeId node) {
  if (state().node(node).link != NodeLink::kDown) {
    running_->leases.heard(node, parts_.agenda.now());
  }
}

void SchedulerHost::hear(StreamId stream, const FromAgent& message) {
  if (!running_) return;
  if (const auto* const hello = std::get_if<Hello>(&message)) return hear_hello(stream, *hello);
  const auto bound = running_->nodes.find(stream);
  if (bound == running_->nodes.end()) return;  // another stream of its node has taken its place
  const NodeId node = bound->second;
  const auto answer = [this, stream](const std::optional<Result<Reply>>& reply) {
    tell_admitted(stream, reply);
  };
  if (const auto* const prepared = std::get_if<Prepared>(&message)) {
    take(AgentPrepared{node, *prepared}, answer);
  } else if (const auto* const ended = std::get_if<Ended>(&message)) {
    take(AgentEnded{node, *ended}, answer);
  }
  heard_from(node);
  arm();
}

void SchedulerHost::hear_hello(StreamId stream, const Hello& hello) {
  const NodeId node = state().node_by_name.at(hello.node_name);
  const auto before = running_->streams.find(node);
  if (before != running_->streams.end() && before->second != stream) {
    running_->nodes.erase(before->second);
    parts_.network.drop_from_scheduler(before->second);
  }
  running_->streams[node] = stream;
  running_->nodes[stream] = node;
  take(AgentHello{hello}, [this, stream](const std::optional<Result<Reply>>& reply) {
    if (reply && !*reply) parts_.witness.breach("a Hello is refused: " + reply->error().message);
    tell_admitted(stream, reply);
  });
  heard_from(node);
  arm();
}

void SchedulerHost::tell_admitted(StreamId stream, const std::optional<Result<Reply>>& reply) {
  if (!reply || !*reply) return;
  const auto* const admitted = std::get_if<Admitted>(&**reply);
  if (admitted == nullptr) return;
  for (const ToAgent& message : admitted->messages) parts_.network.tell_agent(stream, message);
}

void SchedulerHost::lose(StreamId stream) {
  if (!running_) return;
  const auto bound = running_->nodes.find(stream);
  if (bound == running_->nodes.end()) return;
  const NodeId node = bound->second;
  running_->nodes.erase(bound);
  running_->streams.erase(node);
  take(AgentGone{node}, [](const std::optional<Result<Reply>>&) {});
}

}  // namespace usine::sim
