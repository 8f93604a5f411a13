// How one thread hands work to another: a bounded queue with any number of producers and one
// consumer, which takes everything that waits at once. The mutex stands beside what it guards.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.h"

namespace usine::os {

template <typename T>
class BoundedQueue {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  explicit BoundedQueue(std::size_t bound) : bound_(bound) { CHECK_THAT(bound > 0); }

  // Waits for room. False: the queue is closed and `item` is gone.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || items_.size() < bound_; });
    return add(lock, std::move(item));
  }

  // False, with `item` untouched, where the queue is full or closed.
  [[nodiscard]] bool try_push(T&& item) {
    std::unique_lock lock(mutex_);
    if (items_.size() >= bound_) return false;
    return add(lock, std::move(item));
  }

  // Past the bound and without waiting, for a producer that by its nature never has more than one
  // item in the queue: it may thus be downstream of the consumer and cannot lock up with it.
  bool push_reserved(T item) {
    std::unique_lock lock(mutex_);
    return add(lock, std::move(item));
  }

  struct Taken {
    std::vector<T> items;  // in the order of their pushes; empty: the deadline has passed
    bool ended = false;    // closed, and nothing is left
  };

  // Waits until something is there or `deadline` (none: for as long as it takes) and takes it all.
  [[nodiscard]] Taken pop_all(Deadline deadline = std::nullopt) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return closed_ || !items_.empty(); };
    if (deadline) {
      filled_.wait_until(lock, *deadline, ready);
    } else {
      filled_.wait(lock, ready);
    }
    Taken taken{std::exchange(items_, {}), false};
    taken.ended = closed_ && taken.items.empty();
    lock.unlock();
    room_.notify_all();
    return taken;
  }

  // No more is taken in; what waits is still handed out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
    room_.notify_all();
  }

 private:
  bool add(std::unique_lock<std::mutex>& lock, T&& item) {
    if (closed_) return false;
    items_.push_back(std::move(item));
    const bool was_empty = items_.size() == 1;
    lock.unlock();
    if (was_empty) filled_.notify_one();
    return true;
  }

  const std::size_t bound_;
  std::mutex mutex_;
  std::condition_variable filled_;  // something to take, or closed
  std::condition_variable room_;    // something was taken, or closed
  std::vector<T> items_;            // guarded by mutex_
  bool closed_ = false;             // guarded by mutex_
};

}  // namespace usine::os
