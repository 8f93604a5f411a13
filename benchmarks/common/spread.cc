#include "benchmarks/common/spread.h"

#include <algorithm>

namespace usine::bench {

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  const std::size_t count = samples.size();
  const auto at_percent = [&](std::size_t percent) {
    return samples[(count * percent + 99) / 100 - 1];
  };
  return {.p50 = at_percent(50),
          .p99 = at_percent(99),
          .min = samples.front(),
          .max = samples.back(),
          .samples = count};
}

}  // namespace usine::bench
