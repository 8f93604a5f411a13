// The loop of a program that waits for descriptors and timers on one thread. Handlers run on that
// thread, one at a time; a handler may add and remove anything, also itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <sys/epoll.h>
#include <unordered_map>
#include <utility>

#include "common/os/unique_fd.h"
#include "common/result.h"
#include "common/time.h"

namespace usine::os {

class PollLoop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLHUP, ...
  using TimerId = std::uint64_t;                              // 0 is none

  [[nodiscard]] static Result<PollLoop> open();

  // Calls the handler whenever the descriptor has one of `events`, an error or a hang-up. The
  // descriptor stays the caller's, who forgets it here before closing it.
  void watch(int fd, std::uint32_t events, Handler handler);
  // Also with no events at all: then only errors and hang-ups are told.
  void change(int fd, std::uint32_t events);
  void forget(int fd);

  // Calls once, `delay` from now.
  TimerId after(Millis delay, std::function<void()> handler);
  void cancel(TimerId timer);

  // Waits until something is due and calls what is.
  [[nodiscard]] Status turn();

 private:
  using Clock = std::chrono::steady_clock;
  struct Watch {
    std::uint64_t generation;  // tells a descriptor from its predecessor of the same number
    std::uint32_t events;
    std::shared_ptr<Handler> handler;
  };

  explicit PollLoop(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  [[nodiscard]] int wait_ms() const;
  void run_due_timers();

  UniqueFd epoll_;
  std::uint64_t next_generation_ = 1;
  std::unordered_map<int, Watch> watches_;
  TimerId next_timer_ = 1;
  std::map<std::pair<Clock::time_point, TimerId>, std::function<void()>> timers_;
};

}  // namespace usine::os
