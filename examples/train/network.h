// A classifier with one hidden layer of tanh units and a softmax output, its parameters in one flat
// array so that gradients are summed over ranks by one call. Pure; owned by one rank's main thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "examples/train/data_set.h"

namespace usine::train {

class Network {
 public:
  // Parameters drawn from the seed, the same on every rank.
  Network(std::size_t hidden, std::uint64_t seed);

  // Weights into the hidden units [hidden][input], their biases, weights out of them
  // [class][hidden], the classes' biases.
  [[nodiscard]] std::span<double> parameters() { return parameters_; }
  [[nodiscard]] std::size_t parameter_count() const { return parameters_.size(); }

  // Adds the sample's share to `gradient` (as parameters()) and returns its cross-entropy loss.
  double add_gradient(const Sample& sample, std::span<double> gradient);

 private:
  // The probabilities of the classes; leaves the hidden units' values in hidden_.
  void forward(const Sample& sample);

  struct Layout {
    std::size_t hidden_bias;
    std::size_t output_weight;
    std::size_t output_bias;
    std::size_t end;
  };

  std::size_t units_;
  Layout at_;
  std::vector<double> parameters_;
  std::vector<double> hidden_;
  std::array<double, kClasses> probability_{};
};

}  // namespace usine::train
