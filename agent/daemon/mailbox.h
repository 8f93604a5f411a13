// How another thread hands values to the loop thread: a bounded queue whose descriptor becomes
// readable, for a poller. Many producers, which wait while it is full; one consumer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/os/bounded_queue.h"
#include "common/os/unique_fd.h"

namespace usine::agent {

template <typename T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t bound)
      : queue_(bound), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    CHECK_THAT(event_);
  }

  // Waits for room. False where the mailbox is closed and the value gone.
  bool push(T value) {
    if (!queue_.push(std::move(value))) return false;
    const std::uint64_t one = 1;
    // Cannot fail before 2^64 - 1 pushes that nobody took.
    return ::write(event_.get(), &one, sizeof(one)) == sizeof(one);
  }

  [[nodiscard]] int fd() const { return event_.get(); }

  // Everything that waits, in order; the descriptor is quiet until the next push.
  [[nodiscard]] std::vector<T> take() {
    std::uint64_t count = 0;
    static_cast<void>(::read(event_.get(), &count, sizeof(count)));
    return queue_.pop_all(std::chrono::steady_clock::now()).items;
  }

  // Lets producers that wait go; what they push is dropped.
  void close() { queue_.close(); }

 private:
  os::BoundedQueue<T> queue_;
  os::UniqueFd event_;
};

}  // namespace usine::agent
