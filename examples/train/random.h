// Random numbers that are the same with every compiler and library: the standard's generator is
// exact, its distributions are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace usine::train {

class Random {
 public:
  explicit Random(std::uint64_t seed) : generator_(seed) {}

  // In [0, 1), with 53 random bits.
  [[nodiscard]] double uniform() { return static_cast<double>(generator_() >> 11) * 0x1.0p-53; }
  // In 0 .. bound - 1; the bias of the remainder is far below what an example can show.
  [[nodiscard]] std::size_t below(std::size_t bound) { return generator_() % bound; }

 private:
  std::mt19937_64 generator_;
};

}  // namespace usine::train
