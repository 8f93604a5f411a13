// Waiting for an event with a deadline, for tests of real processes: polled, since what is waited
// for (a file, a state seen over RPC) does not announce itself.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace usine::test {

// Whether `happened` came true within `limit`, asked every 5 ms.
[[nodiscard]] inline bool wait_until(const std::function<bool()>& happened,
                                     std::chrono::seconds limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace usine::test
