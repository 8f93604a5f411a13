// The machine's wall clock, for the shells that hand time to pure code. Any thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/ports/clock.h"

namespace usine::os {

class SystemWallClock final : public WallClock {
 public:
  [[nodiscard]] Time now() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return Time(std::chrono::duration_cast<Millis>(since_epoch));
  }
};

// Wall time that does not stand still when the system's clock is set back: it goes on by steady
// time from where it was at the start, which is never before `floor`. Any thread.
class MonotoneWallClock final : public WallClock {
 public:
  explicit MonotoneWallClock(Time floor)
      : start_(std::max(floor, SystemWallClock().now())),
        steady_start_(std::chrono::steady_clock::now()) {}

  [[nodiscard]] Time now() override {
    const auto elapsed = std::chrono::steady_clock::now() - steady_start_;
    return std::max(start_ + std::chrono::duration_cast<Millis>(elapsed), SystemWallClock().now());
  }

 private:
  Time start_;
  std::chrono::steady_clock::time_point steady_start_;
};

}  // namespace usine::os
