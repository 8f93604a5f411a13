// Makes decisions durable and only then visible: takes what the engine has decided since the last
// commit as one group, commits it, and delivers rows to replicas, answers to callers and messages
// to agents, in that order. A thread of its own, so that the engine goes on deciding meanwhile.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "common/os/bounded_queue.h"
#include "common/result.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/engine/engine.h"
#include "scheduler/engine/journal.h"

namespace usine::daemon {

using ReplyHandler = std::move_only_function<void(Result<Reply>)>;

struct Answer {
  ReplyHandler handler;
  Result<Reply> reply;
};

// One batch of the engine, with its replies matched to those who wait for them.
struct Decided {
  Batch batch;
  std::vector<Answer> answers;
};

class Committer {
 public:
  // Batches that wait for the running commit; the engine waits beyond that.
  static constexpr std::size_t kWaitingBatchesMax = 256;

  struct Outlets {
    std::vector<Replica*> replicas;
    AgentOutlet* agents = nullptr;
    // A commit failed: nothing is accepted from here on, and the process should end.
    std::function<void(const Error&)> failed;
  };

  // Planner inputs that wait for the rows that follow them; more are committed without rows.
  static constexpr std::size_t kHeldInputsMax = 1024;

  // `last` is the store's last sequence.
  Committer(Journal& journal, Epoch epoch, Sequence last)
      : journal_(journal), epoch_(epoch), last_(last) {}
  ~Committer() { stop(); }

  // What `outlets` names outlives the thread.
  void start(Outlets outlets);
  // Commits and delivers what still waits, then ends.
  void stop();

  // Waits for room; what is pushed after a failure is dropped, with its answers.
  void push(Decided decided) { waiting_.push(std::move(decided)); }

  // For the planner, before it tells the engine of a plan; never waits. They are committed with the
  // rows of that plan at the latest.
  void record(std::vector<PlannerInput> inputs);

 private:
  void run();
  [[nodiscard]] Status commit(std::vector<Decided>& group);
  void deliver(Decided decided);

  Journal& journal_;
  Epoch epoch_;
  Sequence last_;                          // committed
  std::vector<PlannerInput> held_inputs_;  // until rows follow
  Outlets outlets_;
  os::BoundedQueue<Decided> waiting_{kWaitingBatchesMax};
  std::thread thread_;
};

}  // namespace usine::daemon
