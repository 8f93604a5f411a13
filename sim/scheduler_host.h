// The scheduler's process in a simulation: the production engine, planner and leases, driven as the
// daemon drives them (commits in groups, a planner that lags behind, streams bound to nodes), with
// crashes between any two steps. What it commits survives in the journal.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "scheduler/engine/engine.h"
#include "scheduler/engine/leases.h"
#include "scheduler/engine/recording_planner.h"
#include "sim/agenda.h"
#include "sim/chance.h"
#include "sim/memory_journal.h"
#include "sim/network.h"
#include "sim/story.h"
#include "sim/witness.h"

namespace usine::sim {

// Where the process dies in the course of its next commit.
enum class CommitFault : std::uint8_t {
  kNone = 0,
  kBefore = 1,    // nothing of the batch is durable
  kRefused = 2,   // the disk refuses: the scheduler must stop by itself
  kAfter = 3,     // durable, and nobody was told
  kHalfTold = 4,  // durable, and some were told
};

struct SimulationParts {
  Agenda& agenda;
  Chance& chance;
  Network& network;
  MemoryJournal& journal;
  Witness& witness;
  Story& story;
  std::shared_ptr<const ClusterConfig> config;
};

class SchedulerHost {
 public:
  // Nullopt: the connection broke before an answer came.
  using ReplyHandler = std::function<void(std::optional<Result<Reply>>)>;

  explicit SchedulerHost(SimulationParts parts) : parts_(parts) {}

  void start();
  // Without an outage of its own it is started again after a while of chance.
  void crash(std::optional<Millis> outage = {});
  [[nodiscard]] bool is_up() const { return running_ != nullptr; }
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
  // After `good` more commits the next one goes wrong, and the scheduler is started again later.
  void fail_commit(CommitFault fault, std::uint64_t good = 0) {
    commit_fault_ = fault;
    good_commits_ = good;
  }

  // What a user asks; the handler is called at once where nobody listens.
  void call(const Command& command, ReplyHandler handler);
  void hear(StreamId stream, const FromAgent& message);
  void lose(StreamId stream);

  // The engine's state; only while it is up.
  [[nodiscard]] const State& state() const { return running_->engine.state(); }

 private:
  // Everything that dies with the process.
  struct Running {
    Running(const State& recovered, const EngineStart& start, Time now)
        : epoch(start.epoch),
          engine(recovered, start, now),
          planner(recovered),
          leases(start.config->timings.lease) {}

    Epoch epoch;
    Engine engine;
    RecordingPlanner planner;
    Leases leases;
    std::optional<Batch> committing;
    bool dies_while_telling = false;
    std::map<ReplyTo, ReplyHandler> handlers;
    std::map<NodeId, StreamId> streams;  // of nodes that said Hello
    std::map<StreamId, NodeId> nodes;
    std::optional<Time> wakes_at;
    bool plan_under_way = false;
  };

  void take(const Command& command, ReplyHandler handler);
  void begin_commit();
  void end_commit();
  void deliver(const Batch& batch);
  void answer(const Batch& batch);
  bool dies_half_told();
  // What goes wrong with the commit at hand.
  [[nodiscard]] CommitFault take_fault();
  void plan();
  void pass_time();
  void arm();
  // The clock of the machine that the scheduler runs on, which may be set while it is down.
  [[nodiscard]] Time wall() const { return parts_.agenda.now() + clock_error_; }
  [[nodiscard]] Time planner_time() const;
  void heard_from(NodeId node);
  // Calls `action` after a while, unless this process has died by then.
  void later(Millis delay, std::function<void()> action);
  [[nodiscard]] State recover_checked();

  void hear_hello(StreamId stream, const Hello& hello);
  void tell_admitted(StreamId stream, const std::optional<Result<Reply>>& reply);

  SimulationParts parts_;
  std::unique_ptr<Running> running_;
  std::optional<State> replica_;  // of the process before this one, as it was when it died
  CommitFault commit_fault_ = CommitFault::kNone;
  std::uint64_t good_commits_ = 0;  // before the fault
  Millis clock_error_{0};
  ReplyTo calls_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace usine::sim
