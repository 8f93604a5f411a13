// How long to wait before the next attempt at something that failed: doubling from a first to a
// longest wait, each drawn between half and the whole of it, so that thousands of agents that lost
// one scheduler do not come back at one moment. A value; randomness comes from its seed alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "common/time.h"

namespace usine::agent {

class Backoff {
 public:
  struct Bounds {
    Millis first{100};
    Millis longest{5'000};
  };

  Backoff(Bounds bounds, std::uint64_t seed)
      : bounds_(bounds), next_(bounds.first), random_(seed) {}

  [[nodiscard]] Millis next() {
    const Millis whole = next_;
    next_ = std::min(next_ * 2, bounds_.longest);
    std::uniform_int_distribution<Millis::rep> draw(whole.count() / 2, whole.count());
    return Millis{draw(random_)};
  }
  // It worked: the next failure waits shortly again.
  void reset() { next_ = bounds_.first; }
  // It is no use to try soon.
  void give_time() { next_ = bounds_.longest; }

 private:
  Bounds bounds_;
  Millis next_;
  std::mt19937_64 random_;
};

}  // namespace usine::agent
