// How long something lasts, from observations some of which are not over yet: the product-limit
// estimate (Kaplan and Meier, "Nonparametric estimation from incomplete observations", J. Am. Stat.
// Assoc. 53(282), 1958), drawn towards what is known of a wider kind where there are few. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace usine {

// By step: how many ended there, and how many are not over and have come as far.
template <std::size_t kSteps>
struct Observed {
  std::array<std::uint32_t, kSteps> ended{};
  std::array<std::uint32_t, kSteps> open{};

  Observed& operator+=(const Observed& other) {
    for (std::size_t i = 0; i < kSteps; ++i) {
      ended[i] += other.ended[i];
      open[i] += other.open[i];
    }
    return *this;
  }
};

inline constexpr std::uint64_t kAllSurvive = 1'000'000'000;

// By step: the share that lasts longer, in billionths.
template <std::size_t kSteps>
using Survival = std::array<std::uint64_t, kSteps>;

// `wider` counts as `weight` observations.
template <std::size_t kSteps>
[[nodiscard]] Survival<kSteps> survival_of(const Observed<kSteps>& observed,
                                           const Survival<kSteps>& wider, std::uint64_t weight) {
  // Hazards are in millionths, so that products fit into 64 bits.
  constexpr std::uint64_t kMillion = 1'000'000;
  constexpr std::uint64_t kThousand = 1'000;
  std::uint64_t left = 0;
  for (std::size_t i = 0; i < kSteps; ++i) left += observed.ended[i] + observed.open[i];
  Survival<kSteps> survival{};
  std::uint64_t above = kAllSurvive;
  std::uint64_t wider_above = kAllSurvive;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const std::uint64_t at_risk = (left * kAllSurvive + weight * wider_above) / kThousand;
    const std::uint64_t end = observed.ended[i] * kAllSurvive + weight * (wider_above - wider[i]);
    if (at_risk > 0) above -= above * std::min(end * kThousand / at_risk, kMillion) / kMillion;
    survival[i] = above;
    wider_above = wider[i];
    left -= observed.ended[i] + observed.open[i];
  }
  return survival;
}

}  // namespace usine
