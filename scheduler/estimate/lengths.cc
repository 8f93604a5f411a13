#include "scheduler/estimate/lengths.h"

#include <algorithm>
#include <bit>

namespace usine {
namespace {

constexpr std::uint64_t kWiderCounts = 20;  // as so many jobs of a narrower kind
constexpr std::int64_t kWhole = 64 * 64;    // of a limit, in 64ths of a part

}  // namespace

EstimateLengths::EstimateLengths() { fit(); }

std::size_t EstimateLengths::kind_of(Seconds limit) {
  const auto minutes = static_cast<std::uint64_t>(std::max<std::int64_t>(limit.count() / 60, 1));
  return std::min<std::size_t>((static_cast<std::size_t>(std::bit_width(minutes)) - 1) / 2,
                               kLimits - 1);
}

std::size_t EstimateLengths::part_of(Seconds run, Seconds limit) {
  constexpr auto kLast = static_cast<std::int64_t>(kParts) - 1;
  const std::int64_t part = run.count() * static_cast<std::int64_t>(kParts) / limit.count();
  return static_cast<std::size_t>(std::clamp<std::int64_t>(part, 0, kLast));
}

void EstimateLengths::learn(Seconds run, Seconds limit) {
  if (limit.count() <= 0) return;
  const std::size_t kind = kind_of(limit);
  ++seen_[kind].ended[part_of(run, limit)];
  if (++ends_[kind] < kRemembered) return;
  ends_[kind] = 0;
  for (std::uint32_t& count : seen_[kind].ended) ends_[kind] += count /= 2;
}

void EstimateLengths::forget_running() {
  for (Seen& kind : seen_) kind.open = {};
}

void EstimateLengths::note_running(Seconds elapsed, Seconds limit) {
  if (limit.count() > 0) ++seen_[kind_of(limit)].open[part_of(elapsed, limit)];
}

void EstimateLengths::fit() {
  Survival<kParts> even{};
  Seen all;
  for (std::size_t i = 0; i < kParts; ++i) even[i] = kAllSurvive * (kParts - 1 - i) / kParts;
  for (const Seen& kind : seen_) all += kind;
  const Survival<kParts> wider = survival_of(all, even, kWiderCounts);
  for (std::size_t kind = 0; kind < kLimits; ++kind) {
    fitted_[kind] = survival_of(seen_[kind], wider, kWiderCounts);
  }
}

std::uint64_t EstimateLengths::left_by_all(std::size_t kind, std::size_t part) const {
  const Survival<kParts>& own = fitted_[kind];
  const std::uint64_t here = part == 0 ? kAllSurvive : own[part - 1];
  if (here == 0) return (kParts - part) * kParts;
  // Half of the part in which it is, and of each one more as often as jobs get there.
  std::uint64_t beyond = here / 2;
  for (std::size_t i = part; i < kParts; ++i) beyond += own[i];
  return beyond * kParts / here;
}

Seconds EstimateLengths::expected(Seconds limit, Seconds elapsed,
                                  std::optional<Seconds> of_script) const {
  if (limit.count() <= 0) return elapsed;
  if (of_script && std::min(*of_script, limit) > elapsed) return std::min(*of_script, limit);
  const std::uint64_t parts = left_by_all(kind_of(limit), part_of(elapsed, limit));
  const Seconds left(limit.count() * static_cast<std::int64_t>(parts) / kWhole);
  return std::min(elapsed + left, std::max(limit, elapsed));
}

}  // namespace usine
