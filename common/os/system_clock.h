// The machine's clocks behind the port that pure code is given times through. Stateless; any
// thread.
#pragma once

#include <chrono>

#include "common/ports/clock.h"

namespace usine::os {

class SystemClock final : public WallClock {
 public:
  [[nodiscard]] Time now() override {
    return Time{
        std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch())};
  }
};

// A clock that never goes back, for leases and waits: its zero means nothing.
[[nodiscard]] inline Time monotonic_now() {
  return Time{
      std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace usine::os
