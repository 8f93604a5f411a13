#include "scheduler/daemon/engine_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace usine::daemon {
namespace {

// For leases and waits: never goes back; its zero means nothing.
Time monotonic_now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return Time(std::chrono::duration_cast<Millis>(since_start));
}

// An outage of the scheduler costs no node its jobs (leases.h), however short it was.
constexpr Millis kOversleepMax{1000};

}  // namespace

EngineThread::EngineThread(Engine engine, WallClock& clock, Committer& committer)
    : engine_(std::move(engine)),
      clock_(clock),
      committer_(committer),
      leases_(engine_.state().config->timings.lease) {}

void EngineThread::start() {
  thread_ = std::thread([this] { run(); });
}

void EngineThread::stop() {
  inputs_.close();
  if (thread_.joinable()) thread_.join();
}

bool EngineThread::try_tell(Instruction instruction) {
  return inputs_.try_push(Input(std::move(instruction)));
}

void EngineThread::run() {
  leases_.start(engine_.state(), monotonic_now());
  hand_over();
  while (true) {
    auto [inputs, ended] = inputs_.pop_all(next_wake());
    for (Input& input : inputs) std::visit([this](auto& kind) { take(kind); }, input);
    pass_time();
    hand_over();
    if (ended) return;
  }
}

void EngineThread::take(Instruction& instruction) {
  ReplyTo to = 0;
  if (instruction.reply) {
    to = next_reply_++;
    handlers_.emplace(to, std::move(instruction.reply));
  }
  engine_.handle(instruction.command, to, clock_.now(), std::move(instruction.attached));
  renew_lease(instruction.command);
}

void EngineThread::take(const Heard& heard) { renew_lease(heard.node); }

void EngineThread::renew_lease(NodeId node) {
  // A node that is down has no lease: it must say Hello first.
  if (engine_.state().node(node).link != NodeLink::kDown) leases_.heard(node, monotonic_now());
}

void EngineThread::renew_lease(const Command& command) {
  if (const auto* hello = std::get_if<AgentHello>(&command)) {
    const auto& nodes = engine_.state().node_by_name;
    const auto known = nodes.find(hello->hello.node_name);
    if (known != nodes.end()) renew_lease(known->second);
  } else if (const auto* prepared = std::get_if<AgentPrepared>(&command)) {
    renew_lease(prepared->node);
  } else if (const auto* ended = std::get_if<AgentEnded>(&command)) {
    renew_lease(ended->node);
  }
}

// Whether this thread slept long past the time it wanted to wake at: the process was stopped or
// starved, and what agents said meanwhile still waits to be read.
bool EngineThread::overslept(Time now) const {
  return next_lease_check_ && now > *next_lease_check_ + kOversleepMax;
}

void EngineThread::pass_time() {
  if (overslept(monotonic_now())) leases_.start(engine_.state(), monotonic_now());
  for (const NodeId node : leases_.expired(monotonic_now())) {
    engine_.handle(LeaseExpired{node}, 0, clock_.now());
  }
  const Time wall = clock_.now();
  if (const std::optional<Time> tick = engine_.next_tick(); tick && *tick <= wall) {
    engine_.handle(Tick{}, 0, wall);
  }
}

void EngineThread::hand_over() {
  Batch batch = engine_.take_batch();
  if (batch.empty()) return;
  Decided decided{std::move(batch), {}};
  for (PendingReply& pending : decided.batch.replies) {
    const auto waiting = handlers_.find(pending.to);
    if (waiting == handlers_.end()) continue;
    decided.answers.push_back({std::move(waiting->second), std::move(pending.reply)});
    handlers_.erase(waiting);
  }
  committer_.push(std::move(decided));
}

os::BoundedQueue<EngineThread::Input>::Deadline EngineThread::next_wake() {
  const auto now = std::chrono::steady_clock::now();
  os::BoundedQueue<Input>::Deadline wake;
  next_lease_check_ = leases_.next_expiry();
  if (next_lease_check_) wake = now + (*next_lease_check_ - monotonic_now());
  if (const std::optional<Time> tick = engine_.next_tick()) {
    const auto at = now + (*tick - clock_.now());
    wake = wake ? std::min(*wake, at) : at;
  }
  return wake;
}

}  // namespace usine::daemon
