// Drives an engine, its planner and a journal in memory as the daemon does, one call a step, so
// that a test says only what happens. What was committed is kept for it to look at.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "scheduler/engine/engine.h"
#include "scheduler/policy/planner.h"
#include "sim/memory_journal.h"
#include "sim/small_cluster.h"

namespace usine::test {

class Driver {
 public:
  explicit Driver(std::shared_ptr<const ClusterConfig> config = sim::make_cluster({}))
      : config_(std::move(config)) {
    start();
  }

  // The scheduler is gone, with everything it had not committed, and a new one starts.
  void restart() {
    engine_.reset();
    start();
  }
  void restart_with(std::shared_ptr<const ClusterConfig> config) {
    config_ = std::move(config);
    restart();
  }

  // Decides, commits and delivers; the command's answer.
  Result<Reply> call(const Command& command, std::vector<Blob> blobs = {}) {
    engine_->handle(command, ++calls_, now, {std::move(blobs), {}});
    settle();
    return std::move(replies_.at(calls_));
  }

  void join_all() {
    for (const ConfiguredNode& node : config_->nodes) {
      const auto& shape = config_->classes[node.node_class].shape;
      Hello hello{node.name, "boot", "", std::make_shared<NodeShape>(shape), {}};
      static_cast<void>(call(AgentHello{hello}));
    }
  }

  JobId submit(const JobRequest& request) {
    const auto reply =
        call(SubmitJob{{"alice", 1000, 1000, false}, std::make_shared<JobRequest>(request), false});
    return reply ? std::get<Submitted>(*reply).job : JobId{};
  }

  void plan() { static_cast<void>(call(planner_->plan(now).proposals)); }

  // What the agents of the attempt's nodes say, each on its own.
  void prepare_all(AttemptKey key) {
    for (const NodeShare& share : allocation(key).nodes) {
      static_cast<void>(call(AgentPrepared{share.node, {key, true, false, "", "host:1"}}));
    }
  }
  void end_all(AttemptKey key, const ExitStatus& exit = {}) {
    for (const NodeShare& share : allocation(key).nodes) {
      static_cast<void>(call(AgentEnded{share.node, {key, exit, Millis{1'000}, 64}}));
    }
  }

  // Messages of type T since the last call of this, with the node that got each.
  template <typename T>
  std::vector<std::pair<NodeId, T>> sent() {
    std::vector<std::pair<NodeId, T>> found;
    for (const AgentEffect& effect : effects) {
      if (const auto* message = std::get_if<T>(&effect.message)) {
        found.emplace_back(effect.node, *message);
      }
    }
    effects.clear();
    return found;
  }

  Engine& engine() { return *engine_; }
  [[nodiscard]] const Job& job(JobId id) const { return *engine_->state().find_job(id); }

  sim::MemoryJournal journal;
  std::vector<AgentEffect> effects;
  Time now{Millis{1'000'000}};

 private:
  Allocation allocation(AttemptKey key) { return engine_->state().find_attempt(key)->allocation; }

  void start() {
    epoch_ = *journal.open_epoch();
    const State recovered = *recover(journal);
    planner_ = std::make_unique<Planner>(recovered);
    const EngineStart start{epoch_, config_, "uuid-1"};
    engine_ = std::make_unique<Engine>(recovered, start, now);
    settle();
  }

  void settle() {
    Batch batch = engine_->take_batch();
    if (!journal.commit(epoch_, batch.expected, batch.commit)) return;
    for (const Applied& row : *batch.applied) {
      planner_->apply_row(row.sequence, row.time, row.events);
    }
    for (PendingReply& reply : batch.replies) replies_.emplace(reply.to, std::move(reply.reply));
    effects.insert(effects.end(), batch.effects.begin(), batch.effects.end());
  }

  std::shared_ptr<const ClusterConfig> config_;
  Epoch epoch_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Planner> planner_;
  ReplyTo calls_ = 0;
  std::map<ReplyTo, Result<Reply>> replies_;
};

}  // namespace usine::test
