// All chance in a simulation comes from one seed through one of these, so that a run can be had
// again. The arithmetic is our own, since the standard's distributions differ between libraries.
#pragma once

#include <cstdint>
#include <random>

#include "common/time.h"

namespace usine::sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : generator_(seed) {}

  // 0 to count - 1.
  std::uint64_t below(std::uint64_t count) { return generator_() % count; }
  // From 0 to just below 1, in steps of 2^-53.
  double part() { return static_cast<double>(generator_() >> 11) * 0x1.0p-53; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  Millis between(Millis least, Millis most) {
    const auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + Millis(static_cast<std::int64_t>(below(width)));
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace usine::sim
