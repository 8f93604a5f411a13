#include "examples/train/data_set.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "examples/train/random.h"

namespace usine::train {

std::vector<Sample> make_data_set(std::uint64_t seed, std::size_t count) {
  constexpr double kTurns = 0.75;
  constexpr double kNoise = 0.08;
  Random random(seed);
  std::vector<Sample> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    Sample& sample = samples[i];
    sample.label = i % kClasses;
    const double radius = random.uniform();
    const double arm = static_cast<double>(sample.label) / static_cast<double>(kClasses);
    const double noise = kNoise * (2 * random.uniform() - 1);
    const double angle = 2 * std::numbers::pi * (arm + kTurns * radius + noise);
    sample.point = {radius * std::cos(angle), radius * std::sin(angle)};
  }
  return samples;
}

std::vector<std::size_t> visiting_order(std::uint64_t seed, std::size_t epoch, std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed + 0x9E3779B97F4A7C15U * (epoch + 1));
  for (std::size_t left = count; left > 1; --left) {
    std::swap(order[left - 1], order[random.below(left)]);
  }
  return order;
}

}  // namespace usine::train
