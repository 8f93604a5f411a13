// The machine's wall clock, for the shells that hand time to pure code. Any thread.
#pragma once

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

}  // namespace usine::os
