#include "scheduler/estimate/nodes.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

namespace usine {
namespace {

TEST_CASE("Nodes for a gang are found whenever a look at all of them finds enough") {
  constexpr std::uint32_t kNodes = 40;
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::uint32_t> units(1, EstimateNodes::kWhole);
    EstimateNodes nodes(1, std::vector<std::uint32_t>(kNodes, 0));
    for (int step = 0; step < 2'000; ++step) {
      const std::uint32_t node = units(random) % kNodes;
      const std::uint32_t change = units(random);
      if (change <= nodes.free(node)) {
        nodes.take(node, change);
      } else {
        nodes.give(node, change);
      }
      const auto least = static_cast<std::uint16_t>(units(random));
      const EstimateDemand demand{
          1 + static_cast<std::uint32_t>(random() % 20), {least}, {0}, least};
      std::uint32_t enough = 0;
      for (std::uint32_t i = 0; i < kNodes; ++i) enough += nodes.free(i) >= least ? 1 : 0;
      std::vector<std::uint32_t> chosen;
      const bool found = nodes.choose(demand, 0, EstimateNodes::kKeptMax, chosen);
      REQUIRE(found == (enough >= demand.nodes));
      if (!found) continue;
      CHECK(std::ranges::all_of(chosen, [&](auto one) { return nodes.free(one) >= least; }));
    }
  }
}

}  // namespace
}  // namespace usine
