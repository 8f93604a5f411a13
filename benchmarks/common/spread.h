// What a set of measurements says: median, tail and ends. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace usine::bench {

struct Spread {
  double p50 = 0;
  double p99 = 0;
  double min = 0;
  double max = 0;
  std::size_t samples = 0;
};

// Percentiles by nearest rank, so that each is a value that was measured. All zero without samples.
[[nodiscard]] Spread spread_of(std::vector<double> samples);

}  // namespace usine::bench
