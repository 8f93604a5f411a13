#include "examples/train/network.h"

#include <algorithm>
#include <cmath>

#include "examples/train/random.h"

namespace usine::train {

Network::Network(std::size_t hidden, std::uint64_t seed)
    : units_(hidden),
      at_{.hidden_bias = hidden * kInputs,
          .output_weight = hidden * kInputs + hidden,
          .output_bias = hidden * kInputs + hidden + kClasses * hidden,
          .end = hidden * kInputs + hidden + kClasses * hidden + kClasses},
      parameters_(at_.end, 0.0),
      hidden_(hidden, 0.0) {
  // Inputs are below 1 and few, so the first layer starts wide; the second by its fan-in.
  constexpr double kFirstScale = 3.0;
  const double second_scale = 1.0 / std::sqrt(static_cast<double>(hidden));
  Random random(seed);
  for (std::size_t i = 0; i < at_.output_bias; ++i) {
    const double scale = i < at_.output_weight ? kFirstScale : second_scale;
    parameters_[i] = scale * (2 * random.uniform() - 1);
  }
}

void Network::forward(const Sample& sample) {
  for (std::size_t unit = 0; unit < units_; ++unit) {
    double sum = parameters_[at_.hidden_bias + unit];
    for (std::size_t input = 0; input < kInputs; ++input) {
      sum += parameters_[unit * kInputs + input] * sample.point[input];
    }
    hidden_[unit] = std::tanh(sum);
  }
  for (std::size_t out = 0; out < kClasses; ++out) {
    double sum = parameters_[at_.output_bias + out];
    for (std::size_t unit = 0; unit < units_; ++unit) {
      sum += parameters_[at_.output_weight + out * units_ + unit] * hidden_[unit];
    }
    probability_[out] = sum;
  }
  const double largest = *std::ranges::max_element(probability_);
  double total = 0;
  for (double& value : probability_) total += value = std::exp(value - largest);
  for (double& value : probability_) value /= total;
}

double Network::add_gradient(const Sample& sample, std::span<double> gradient) {
  forward(sample);
  std::array<double, kClasses> error = probability_;  // d loss / d (output before softmax)
  error[sample.label] -= 1.0;
  for (std::size_t out = 0; out < kClasses; ++out) {
    gradient[at_.output_bias + out] += error[out];
    for (std::size_t unit = 0; unit < units_; ++unit) {
      gradient[at_.output_weight + out * units_ + unit] += error[out] * hidden_[unit];
    }
  }
  for (std::size_t unit = 0; unit < units_; ++unit) {
    double back = 0;
    for (std::size_t out = 0; out < kClasses; ++out) {
      back += error[out] * parameters_[at_.output_weight + out * units_ + unit];
    }
    back *= 1 - hidden_[unit] * hidden_[unit];
    gradient[at_.hidden_bias + unit] += back;
    for (std::size_t input = 0; input < kInputs; ++input) {
      gradient[unit * kInputs + input] += back * sample.point[input];
    }
  }
  return -std::log(probability_[sample.label]);
}

}  // namespace usine::train
