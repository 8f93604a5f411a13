// The data that the example learns: points on a spiral of several arms, each point to be told which
// arm it lies on. Made from a seed, the same on every rank and machine. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace usine::train {

inline constexpr std::size_t kInputs = 2;   // coordinates of a point
inline constexpr std::size_t kClasses = 3;  // arms of the spiral

struct Sample {
  std::array<double, kInputs> point{};
  std::size_t label = 0;  // the arm, below kClasses
};

[[nodiscard]] std::vector<Sample> make_data_set(std::uint64_t seed, std::size_t count);

// The order in which an epoch visits the samples: a permutation of 0 .. count - 1.
[[nodiscard]] std::vector<std::size_t> visiting_order(std::uint64_t seed, std::size_t epoch,
                                                      std::size_t count);

}  // namespace usine::train
