// Tries what would start a waiting job sooner, on a thread of its own, so that neither the queue's
// readers nor the estimates of all jobs stand before a question. It asks the newest outlook, which
// the forecaster makes now and then from its replica.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <variant>

#include "common/ids.h"
#include "common/os/bounded_queue.h"
#include "scheduler/policy/outlook.h"

namespace usine::daemon {

class Trials {
 public:
  static constexpr std::size_t kWaitingMax = 256;

  using Work = std::move_only_function<void(Outlook&)>;

  Trials() = default;
  Trials(const Trials&) = delete;
  Trials& operator=(const Trials&) = delete;
  ~Trials() { stop(); }

  void start();
  // Works that wait for an outlook are dropped: their callers are told that the scheduler stops.
  void stop();

  // Left out where more waits than can be looked at: the next one comes soon.
  void publish(std::unique_ptr<Outlook> outlook);

  // What is asked about a job waits for an outlook that was made after the job had been submitted.
  // False, with the work gone: too much waits or the scheduler is stopping.
  [[nodiscard]] bool take(JobId job, Work work);

 private:
  struct Question {
    JobId job;
    Work work;
  };
  using Input = std::variant<std::unique_ptr<Outlook>, Question>;

  void run();
  void handle(std::unique_ptr<Outlook>& outlook);
  void handle(Question& question);

  std::unique_ptr<Outlook> outlook_;
  std::deque<Question> waiting_;  // for a newer outlook
  os::BoundedQueue<Input> inputs_{kWaitingMax};
  std::thread thread_;
};

}  // namespace usine::daemon
