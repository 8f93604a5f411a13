// A thread for what operators ask for and what may take seconds: backups, reloads, looking through
// the journal. One piece of work at a time, at low priority, so that decisions and queries go on.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "common/os/bounded_queue.h"

namespace usine::daemon {

class BackgroundThread {
 public:
  using Work = std::move_only_function<void()>;

  static constexpr std::size_t kWaitingMax = 64;

  ~BackgroundThread() { stop(); }

  void start();
  // Ends what is under way and drops what waits: those who asked for it see that.
  void stop();

  // False, with the work dropped, where too much waits or the scheduler is stopping.
  [[nodiscard]] bool try_do(Work work) { return waiting_.try_push(std::move(work)); }

 private:
  void run();

  os::BoundedQueue<Work> waiting_{kWaitingMax};
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace usine::daemon
