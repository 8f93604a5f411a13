#include "topology/gpu_links.h"

#include <algorithm>

namespace usine {

std::vector<std::uint32_t> GpuLinks::table() const {
  const std::size_t gpus = to_switches.size();
  std::vector<std::uint32_t> table(gpus * gpus);
  for (std::size_t i = 0; i < gpus; ++i) {
    for (std::size_t j = 0; j < gpus; ++j) {
      if (i == j) continue;
      const std::uint64_t switched = std::min(to_switches[i], to_switches[j]);
      table[i * gpus + j] = static_cast<std::uint32_t>(direct[i * gpus + j] + switched);
    }
  }
  const auto is_link = [](std::uint32_t mbps) { return mbps > 0; };
  if (std::ranges::none_of(table, is_link)) table.clear();
  return table;
}

}  // namespace usine
