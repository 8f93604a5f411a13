#include "scheduler/estimate/lengths.h"

#include <algorithm>
#include <bit>

namespace usine {
namespace {

constexpr std::uint64_t kWiderCounts = 20;  // as so many jobs of a narrower kind
constexpr std::uint64_t kWiderCountsOfUser = 4;
constexpr std::int64_t kWhole = 64 * 64;  // of a limit, in 64ths of a part

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

void EstimateLengths::learn(const std::string& user, Seconds run, Seconds limit) {
  if (limit.count() <= 0) return;
  const std::size_t kind = kind_of(limit);
  ++seen_[kind].ended[part_of(run, limit)];
  if (users_.size() < kUsersMax || users_.contains(user)) {
    Mean& own = users_[user][kind];
    const std::int64_t share = run.count() * kWhole / limit.count();
    own.parts += static_cast<std::uint32_t>(std::clamp<std::int64_t>(share, 0, kWhole));
    if (++own.ends == kRememberedOfUser) own = {own.ends / 2, own.parts / 2};
  }
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

Seconds EstimateLengths::expected(const std::string& user, Seconds limit, Seconds elapsed) const {
  if (limit.count() <= 0) return elapsed;
  const std::size_t kind = kind_of(limit);
  const auto at = [limit](std::uint64_t parts) {
    return Seconds(limit.count() * static_cast<std::int64_t>(parts) / kWhole);
  };
  const auto known = users_.find(user);
  if (known != users_.end() && known->second[kind].ends > 0) {
    const Mean& own = known->second[kind];
    const std::uint64_t sum = own.parts + kWiderCountsOfUser * left_by_all(kind, 0);
    // Past what this user's jobs take, the others say how it goes on.
    const Seconds whole = at(sum / (own.ends + kWiderCountsOfUser));
    if (whole > elapsed) return whole;
  }
  const Seconds left = at(left_by_all(kind, part_of(elapsed, limit)));
  return std::min(elapsed + left, std::max(limit, elapsed));
}

}  // namespace usine
