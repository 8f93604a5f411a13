#include "common/os/bounded_queue.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <doctest/doctest.h>

using usine::os::BoundedQueue;

TEST_CASE("A bounded queue hands out everything that waits at once and in order") {
  BoundedQueue<int> queue(10);
  CHECK(queue.push(1));
  CHECK(queue.try_push(2));
  const auto taken = queue.pop_all();
  CHECK(taken.items == std::vector{1, 2});
  CHECK_FALSE(taken.ended);
}

TEST_CASE("A full bounded queue refuses those who do not wait and takes what is reserved") {
  BoundedQueue<int> queue(1);
  CHECK(queue.push(1));
  CHECK_FALSE(queue.try_push(2));
  CHECK(queue.push_reserved(3));
  CHECK(queue.pop_all().items == std::vector{1, 3});
}

TEST_CASE("A producer of a full bounded queue goes on once room was made") {
  BoundedQueue<int> queue(1);
  CHECK(queue.push(1));
  std::atomic<bool> pushed = false;
  std::thread producer([&] { pushed = queue.push(2); });
  std::vector<int> items;
  while (items.size() < 2) {
    for (const int item : queue.pop_all().items) items.push_back(item);
  }
  producer.join();
  CHECK(pushed);
  CHECK(items == std::vector{1, 2});
}

TEST_CASE("A closed bounded queue hands out what it has and then says that it has ended") {
  BoundedQueue<int> queue(1);
  CHECK(queue.push(1));
  queue.close();
  CHECK_FALSE(queue.push(2));
  CHECK_FALSE(queue.push_reserved(2));
  CHECK(queue.pop_all().items == std::vector{1});
  CHECK(queue.pop_all().ended);
}

TEST_CASE("Waiting on a bounded queue ends at the deadline with nothing") {
  BoundedQueue<int> queue(1);
  const auto taken = queue.pop_all(std::chrono::steady_clock::now());
  CHECK(taken.items.empty());
  CHECK_FALSE(taken.ended);
}
