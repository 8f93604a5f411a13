// Answers every question about the present: owns a replica of the state, the planner's newest
// reasons, and the calls that wait for a job to change. Questions and committed rows go through one
// queue, so that a question asked after an answer sees what the answer told of. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/os/bounded_queue.h"
#include "common/ports/clock.h"
#include "model/reason.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/estimate/estimate.h"
#include "scheduler/policy/planner.h"
#include "scheduler/queue/waiting_order.h"

namespace usine::daemon {

// What the planner says of jobs that wait: every pass adds reasons, and makes the estimates anew.
struct Findings {
  std::unordered_map<JobId, Reason> reasons;
  std::map<JobId, Time> estimates;         // starts that are kept
  std::shared_ptr<const Estimates> ahead;  // of all that wait, some time ago; null before the first
  std::uint64_t passes = 0;                // since the scheduler started
  std::chrono::microseconds time_planning{0};
};

// What a question is answered from, for as long as it is being answered.
struct View {
  const State& state;
  const Findings& findings;         // of the planner
  const std::string& state_digest;  // of the newest snapshot or recovery
  WaitingOrder& order;              // of the state's jobs
  Time now;
};

class Reader final : public Replica {
 public:
  static constexpr std::size_t kWaitingInputsMax = 65'536;
  static constexpr std::size_t kWaitingJobsMax = 20'000;  // long polls; more are answered at once

  // Reasons taken over at once: a pass over many jobs must not hold up the questions behind it.
  static constexpr std::size_t kReasonsAtOnce = 2000;
  static constexpr std::size_t kArrivingPassesMax = 4;

  using Question = std::move_only_function<void(const View&)>;

  // Answered once `job` is gone or in none of the states, or at the deadline.
  struct JobWait {
    JobId job;
    std::vector<JobState> while_states;
    std::chrono::steady_clock::time_point deadline;
    Question then;
  };

  Reader(State state, std::string state_digest, WallClock& clock);
  ~Reader() override { stop(); }

  void start();
  void stop();

  void take(const AppliedRows& rows) override { inputs_.push(rows); }
  // What a pass of the planner has found, and how long it took; its proposals are not looked at.
  void publish(Plan plan, std::chrono::microseconds took) {
    inputs_.push(Pass{std::move(plan), took});
  }
  void publish(std::shared_ptr<const Estimates> estimates) { inputs_.push(std::move(estimates)); }
  void publish_digest(std::string digest) { inputs_.push(Digest{std::move(digest)}); }

  // Dropped unasked where too much waits or the scheduler is stopping; the caller whose Responder
  // goes with it is told so.
  void ask(Question question) { (void)inputs_.try_push(Input(std::move(question))); }
  void ask_when_changed(JobWait wait) { (void)inputs_.try_push(Input(std::move(wait))); }

 private:
  struct Digest {
    std::string hex;
  };
  struct Pass {
    Plan plan;
    std::chrono::microseconds took;
  };
  using Input =
      std::variant<AppliedRows, Pass, std::shared_ptr<const Estimates>, Digest, Question, JobWait>;

  void run();
  void handle(AppliedRows& rows);
  void handle(Pass& pass);
  void handle(std::shared_ptr<const Estimates>& made) { findings_.ahead = std::move(made); }
  void handle(Digest& digest) { state_digest_ = std::move(digest.hex); }
  void handle(Question& question) { question(view()); }
  void handle(JobWait& wait);

  [[nodiscard]] View view() { return {state_, findings_, state_digest_, order_, clock_.now()}; }
  [[nodiscard]] bool is_over(const JobWait& wait) const;
  void job_changed(JobId id);
  void take_over_some_reasons();
  void answer_waits_past(std::chrono::steady_clock::time_point now);

  State state_;
  std::string state_digest_;
  WallClock& clock_;
  Findings findings_;
  WaitingOrder order_;
  struct Arriving {
    JobReasons reasons;
    std::size_t taken = 0;
  };
  std::deque<Arriving> arriving_;  // reasons still to be taken over, by pass
  std::multimap<JobId, JobWait> waits_;
  std::multimap<std::chrono::steady_clock::time_point, JobId> wait_deadlines_;
  os::BoundedQueue<Input> inputs_{kWaitingInputsMax};
  std::thread thread_;
};

}  // namespace usine::daemon
