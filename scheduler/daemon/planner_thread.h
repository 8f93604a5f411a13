// The planner's thread: feeds the planner with committed rows, lets it plan when something has
// changed, sends what it proposes to the engine and waits for the outcome before the next pass.
// Reasons of jobs that wait go to the reader.
#pragma once

#include <cstddef>
#include <deque>
#include <thread>
#include <utility>
#include <variant>

#include "common/os/bounded_queue.h"
#include "common/ports/clock.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/engine/recording_planner.h"

namespace usine::daemon {

class PlannerThread final : public Replica {
 public:
  static constexpr std::size_t kWaitingInputsMax = 65'536;
  // What is written down of passes without proposals before it is handed on by itself.
  static constexpr std::size_t kRecordedMax = 256;

  PlannerThread(State state, WallClock& clock, Reader& reader);
  ~PlannerThread() override { stop(); }

  // `engine` takes the plans, `committer` what is written down of them; both outlive the thread.
  void start(EngineThread& engine, Committer& committer);
  void stop();

  void take(const AppliedRows& rows) override { inputs_.push(rows); }

  // Has the engine decided on an update with a new limit, told how far no promised start moves
  // (B46); no plan is made in between. False, with the handler dropped: too much waits.
  [[nodiscard]] bool set_limit(UpdateJob command, ReplyHandler reply) {
    return inputs_.try_push(LimitChange{std::move(command), std::move(reply)});
  }

 private:
  // The engine has decided on the plan that was under way; its rows came before this.
  struct PlanDecided {
    bool all_accepted = true;
  };
  struct LimitChange {
    UpdateJob command;  // with a limit
    ReplyHandler reply;
  };
  using Input = std::variant<AppliedRows, PlanDecided, LimitChange>;

  void run(EngineThread& engine, Committer& committer);
  void handle(const AppliedRows& rows);
  void handle(PlanDecided decided);
  void handle(LimitChange& change) { limit_changes_.push_back(std::move(change)); }
  void tell(EngineThread& engine, LimitChange change);
  // Makes a pass, has it recorded, and gives what it proposes.
  [[nodiscard]] CommitPlan make_pass(Committer& committer, Time now);
  void propose(EngineThread& engine, CommitPlan proposals);
  [[nodiscard]] os::BoundedQueue<Input>::Deadline next_wake();

  RecordingPlanner planner_;
  WallClock& clock_;
  Reader& reader_;
  bool plan_under_way_ = false;  // or a new limit
  std::deque<LimitChange> limit_changes_;
  os::BoundedQueue<Input> inputs_{kWaitingInputsMax};
  std::thread thread_;
};

}  // namespace usine::daemon
