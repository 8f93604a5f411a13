// Looks ahead, on a thread and a replica of its own, since that takes long: estimates the start of
// every waiting job again and again and hands them to the reader, makes outlooks for the trials,
// and says in between when a new job would start. Whatever it does, planner and reader are not held
// up.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <utility>
#include <variant>

#include "common/os/bounded_queue.h"
#include "common/ports/clock.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/daemon/trials.h"
#include "scheduler/estimate/estimator.h"
#include "scheduler/policy/forecast.h"

namespace usine::daemon {

class Forecaster final : public Replica {
 public:
  static constexpr std::size_t kWaitingInputsMax = 65'536;
  static constexpr std::size_t kWorksWaitingMax = 64;

  // Estimates are made anew at most so often, and take at most one part of so many of the time.
  static constexpr std::chrono::seconds kEstimatesEvery{1};
  static constexpr int kEstimatesPart = 50;
  // While nothing happens, time alone makes them older.
  static constexpr std::chrono::seconds kEstimatesAge{60};
  // The same of outlooks, which change with the state alone.
  static constexpr std::chrono::milliseconds kOutlookEvery{20};
  static constexpr int kOutlookPart = 100;

  using Answer = std::move_only_function<void(Result<Forecast>)>;

  Forecaster(State state, WallClock& clock, Reader& reader, Trials& trials)
      : state_(std::move(state)), clock_(clock), reader_(reader), trials_(trials) {}
  ~Forecaster() override { stop(); }

  void start();
  void stop();

  void take(const AppliedRows& rows) override { inputs_.push(rows); }

  // When the job would start. `answer` is dropped where too much waits or the scheduler is
  // stopping.
  void ask(SubmitJob submission, Answer answer);

 private:
  // Something to be done on the thread with its replica, which is as new as what was committed when
  // the work was handed over, or newer.
  using Work = std::move_only_function<void(const State&)>;
  using Input = std::variant<AppliedRows, Work>;

  void run();
  void handle(AppliedRows& rows);
  void handle(Work& work) { works_.push_back(std::move(work)); }
  void do_next_work();
  void estimate();
  void look_out();
  [[nodiscard]] os::BoundedQueue<Input>::Deadline next_wake() const;

  State state_;
  WallClock& clock_;
  Reader& reader_;
  Trials& trials_;
  Estimator estimator_;
  bool changed_ = true;  // since the last estimates
  std::chrono::steady_clock::time_point next_estimates_{};
  std::chrono::steady_clock::time_point oldest_estimates_{};  // when they are too old
  bool changed_outlook_ = true;                               // since the last outlook
  std::chrono::steady_clock::time_point next_outlook_{};
  std::deque<Work> works_;
  std::atomic<std::size_t> works_taken_ = 0;  // and not done: in works_ or on their way there
  os::BoundedQueue<Input> inputs_{kWaitingInputsMax};
  std::atomic<bool> stopping_ = false;  // works that wait are dropped: they may take long
  std::thread thread_;
};

}  // namespace usine::daemon
