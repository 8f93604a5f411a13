#include "examples/train/network.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

namespace usine::train {

TEST_CASE("the gradient is the slope of the loss in every parameter") {
  constexpr double kStep = 1e-6;
  Network network(5, 3);
  const Sample sample = make_data_set(11, 8)[4];
  std::vector<double> gradient(network.parameter_count(), 0.0);
  network.add_gradient(sample, gradient);

  std::vector<double> unused(network.parameter_count(), 0.0);
  for (std::size_t i = 0; i < network.parameter_count(); ++i) {
    const double at = network.parameters()[i];
    network.parameters()[i] = at + kStep;
    const double above = network.add_gradient(sample, unused);
    network.parameters()[i] = at - kStep;
    const double below = network.add_gradient(sample, unused);
    network.parameters()[i] = at;
    CHECK(gradient[i] == doctest::Approx((above - below) / (2 * kStep)).epsilon(1e-5));
  }
}

TEST_CASE("an epoch visits every sample once and another epoch in another order") {
  std::vector<std::size_t> order = visiting_order(1, 0, 100);
  CHECK(order != visiting_order(1, 1, 100));
  CHECK(order == visiting_order(1, 0, 100));
  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i);
}

}  // namespace usine::train
