#include "sim/guessed_limits.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/chance.h"

namespace usine::sim {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMonth = 30 * kDay;

constexpr std::array kUsual = {
    5 * kMinute, 10 * kMinute, 15 * kMinute, 30 * kMinute, 1 * kHour, 2 * kHour, 4 * kHour,
    6 * kHour,   8 * kHour,    12 * kHour,   18 * kHour,   1 * kDay,  2 * kDay,  3 * kDay,
    4 * kDay,    5 * kDay,     7 * kDay,     10 * kDay,    14 * kDay, 21 * kDay, kMonth};

}  // namespace

Seconds usual_limit(Seconds least) {
  const auto found = std::ranges::lower_bound(kUsual, least.count());
  if (found != kUsual.end()) return Seconds(*found);
  return Seconds((least.count() + kMonth - 1) / kMonth * kMonth);
}

std::size_t guess_limits(std::vector<TraceJob>& trace, std::uint64_t seed) {
  Chance chance(seed);
  std::size_t guessed = 0;
  for (TraceJob& job : trace) {
    const double factor = std::exp(chance.part() * std::log(kOverestimateMax));
    if (job.limit || !job.run) continue;
    // A second more than it runs, so that no limit cuts a job off.
    const double least = std::chrono::duration<double>(*job.run).count() * factor + 1;
    job.limit = usual_limit(Seconds(std::llround(std::ceil(least))));
    ++guessed;
  }
  return guessed;
}

}  // namespace usine::sim
