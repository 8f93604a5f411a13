// The planner's thread: feeds the planner with committed rows, lets it plan when something has
// changed, sends what it proposes to the engine and waits for the outcome before the next pass.
// Reasons of jobs that wait go to the reader.
#pragma once

#include <cstddef>
#include <thread>
#include <variant>

#include "common/os/bounded_queue.h"
#include "common/ports/clock.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/policy/planner.h"

namespace usine::daemon {

class PlannerThread final : public Replica {
 public:
  static constexpr std::size_t kWaitingInputsMax = 65'536;

  PlannerThread(State state, WallClock& clock, Reader& reader);
  ~PlannerThread() override { stop(); }

  // `engine` takes the plans; it outlives the thread.
  void start(EngineThread& engine);
  void stop();

  void take(const AppliedRows& rows) override { inputs_.push(rows); }

 private:
  // The engine has decided on the plan that was under way; its rows came before this.
  struct PlanDecided {
    bool all_accepted = true;
  };
  using Input = std::variant<AppliedRows, PlanDecided>;

  void run(EngineThread& engine);
  void handle(const AppliedRows& rows);
  void handle(PlanDecided decided);
  void plan(EngineThread& engine, Time now);
  [[nodiscard]] os::BoundedQueue<Input>::Deadline next_wake();

  Planner planner_;
  WallClock& clock_;
  Reader& reader_;
  bool plan_under_way_ = false;
  os::BoundedQueue<Input> inputs_{kWaitingInputsMax};
  std::thread thread_;
};

}  // namespace usine::daemon
