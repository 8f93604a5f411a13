// The engine's thread: owns the Engine and the leases, takes commands from a bounded queue, adds
// the ones that time gives, and hands what was decided to the committer. Nothing else changes the
// state.
#pragma once

#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/os/bounded_queue.h"
#include "common/ports/clock.h"
#include "scheduler/daemon/committer.h"
#include "scheduler/engine/engine.h"
#include "scheduler/engine/leases.h"

namespace usine::daemon {

// A command, who waits for its answer (nobody: an empty handler), and what it brings for the store.
struct Instruction {
  Command command;
  ReplyHandler reply;
  Attached attached = {};
};

// A sign of life of a node, which renews its lease.
struct Heard {
  NodeId node;
};

class EngineThread {
 public:
  // Commands that wait to be decided; callers beyond that are told to try again, agents wait.
  static constexpr std::size_t kWaitingInputsMax = 8192;

  using Input = std::variant<Instruction, Heard>;

  EngineThread(Engine engine, WallClock& clock, Committer& committer);
  ~EngineThread() { stop(); }

  void start();
  // Decides what was accepted, then ends; later inputs are refused.
  void stop();

  // False: too much waits, or the scheduler is stopping. A dropped handler is not called.
  [[nodiscard]] bool try_tell(Instruction instruction);
  // Waits for room; dropped where the scheduler is stopping.
  void tell(Input input) { inputs_.push(std::move(input)); }
  // For the planner, which has at most one plan under way; never waits.
  void tell_plan(Instruction instruction) { inputs_.push_reserved(std::move(instruction)); }

 private:
  void run();
  void take(Instruction& instruction);
  void take(const Heard& heard);
  void pass_time();
  void renew_lease(const Command& command);  // of the agent that it came from
  void renew_lease(NodeId node);
  void hand_over();
  [[nodiscard]] os::BoundedQueue<Input>::Deadline next_wake();
  [[nodiscard]] bool overslept(Time now) const;

  Engine engine_;
  WallClock& clock_;
  Committer& committer_;
  Leases leases_;
  std::optional<Time> next_lease_check_;  // monotonic; of the last wait
  ReplyTo next_reply_ = 1;
  std::unordered_map<ReplyTo, ReplyHandler> handlers_;  // of replies not yet handed over
  os::BoundedQueue<Input> inputs_{kWaitingInputsMax};
  std::thread thread_;
};

}  // namespace usine::daemon
