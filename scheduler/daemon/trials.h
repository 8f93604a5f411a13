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

  // Works that come before the first outlook wait for it. False, with the work gone: too much
  // waits or the scheduler is stopping.
  [[nodiscard]] bool take(Work work);

 private:
  using Input = std::variant<std::unique_ptr<Outlook>, Work>;

  void run();
  void handle(std::unique_ptr<Outlook>& outlook);
  void handle(Work& work);

  std::unique_ptr<Outlook> outlook_;
  std::deque<Work> waiting_;  // for the first outlook
  os::BoundedQueue<Input> inputs_{kWaitingMax};
  std::thread thread_;
};

}  // namespace usine::daemon
