#include "sim/estimate_score.h"

#include <algorithm>
#include <cmath>

namespace usine::sim {
namespace {

constexpr std::int64_t kOffsetS = 60;
constexpr double kLevelsPerOctave = 32;

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<Seconds>(time.time_since_epoch()).count();
}

// `value` >= 1; rounded to the nearest level.
std::size_t level_of(double value, std::size_t levels) {
  const double level = std::round(std::log2(std::max(value, 1.0)) * kLevelsPerOctave);
  return std::min(static_cast<std::size_t>(level), levels - 1);
}

double value_of(std::size_t level) {
  return std::exp2(static_cast<double>(level) / kLevelsPerOctave);
}

template <typename Levels>
double percentile_of(const Levels& levels, std::uint64_t all, std::uint64_t percent) {
  std::uint64_t seen = 0;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    seen += levels[level];
    if (seen * 100 >= all * percent) return value_of(level);
  }
  return 0;
}

template <typename Levels>
double median_of(const Levels& levels, std::uint64_t all) {
  return percentile_of(levels, all, 50);
}

// Of classes that double from a minute on, the one whose middle is nearest.
std::size_t wait_class(std::int64_t wait_s, std::size_t classes) {
  const double doublings = std::log2(static_cast<double>(std::max(wait_s, kOffsetS)) / kOffsetS);
  return std::min(static_cast<std::size_t>(std::round(doublings)), classes - 1);
}

std::size_t ahead_of(std::int64_t start_s) {
  constexpr std::int64_t kHour = 3600;
  if (start_s < kHour) return 0;
  if (start_s < 6 * kHour) return 1;
  return start_s < 24 * kHour ? 2 : 3;
}

}  // namespace

Calibration EstimateScore::Tally::calibration() const {
  if (estimates == 0) return {};
  // Errors were counted a second too large, so that none is below one.
  return {estimates, inside, before, median_of(errors, estimates) - 1,
          median_of(widths, estimates)};
}

void EstimateScore::submitted(JobId job, std::uint64_t size) {
  const auto end = std::ranges::lower_bound(kSizeEnds, size);
  waiting_[job].size = static_cast<std::size_t>(end - kSizeEnds.begin());
}

void EstimateScore::made(const Estimates& estimates) {
  ++refreshes_;
  const auto from_then = [&estimates](Time at) {
    return static_cast<std::int32_t>(std::chrono::floor<Seconds>(at - estimates.as_of).count());
  };
  for (const Estimate& one : estimates.jobs) {
    const auto waiting = waiting_.find(one.job);
    if (waiting == waiting_.end()) continue;
    waiting->second.made.push_back({seconds_of(estimates.as_of), from_then(one.start),
                                    from_then(one.earliest), from_then(one.latest)});
  }
}

void EstimateScore::score(const Made& made, std::int64_t real_s, Tally& tally) {
  ++tally.estimates;
  if (real_s < made.earliest_s) {
    ++tally.before;
  } else if (real_s <= made.latest_s) {
    ++tally.inside;
  }
  const auto error = static_cast<double>(std::abs(real_s - made.start_s) + 1);
  ++tally.errors[level_of(error, kLevels)];
  const auto width = static_cast<double>(made.latest_s + kOffsetS) /
                     static_cast<double>(made.earliest_s + kOffsetS);
  ++tally.widths[level_of(width, kLevels)];
}

void EstimateScore::started(JobId job, Time at) {
  const auto waiting = waiting_.extract(job);
  if (!waiting) return;
  const auto& [size, list] = waiting.mapped();
  for (const Made& made : list) {
    const std::int64_t real_s = seconds_of(at) - made.made_s;
    score(made, real_s, all_.front());
    score(made, real_s, sizes_[size]);
    score(made, real_s, aheads_[ahead_of(made.start_s)]);
    WaitTally& alike = waits_[wait_class(made.start_s, kWaitClasses)];
    ++alike.estimates;
    ++alike.real[level_of(static_cast<double>(real_s + 1), kLevels)];
  }
}

void EstimateScore::ended(JobId job) {
  const auto waiting = waiting_.find(job);
  if (waiting != waiting_.end()) open_ += waiting->second.made.size();
  waiting_.erase(job);
}

EstimateFigures EstimateScore::figures() const {
  EstimateFigures figures;
  figures.all = all_.front().calibration();
  for (std::size_t i = 0; i < kSizeEnds.size(); ++i) {
    if (sizes_[i].estimates == 0) continue;
    const std::uint64_t from = i == 0 ? 1 : kSizeEnds[i - 1] + 1;
    figures.sizes.push_back({from, kSizeEnds[i], sizes_[i].calibration()});
  }
  for (std::size_t i = 0; i < kAheads.size(); ++i) figures.aheads[i] = aheads_[i].calibration();
  for (std::size_t i = 0; i < kWaitClasses; ++i) {
    const auto& [estimates, real] = waits_[i];
    if (estimates == 0) continue;
    const auto percentile = [&](std::uint64_t n) { return percentile_of(real, estimates, n) - 1; };
    figures.waits.push_back({kOffsetS * std::exp2(static_cast<double>(i)), estimates,
                             percentile(10), percentile(50), percentile(90)});
  }
  figures.refreshes = refreshes_;
  figures.open = open_;
  for (const auto& [job, waiting] : waiting_) figures.open += waiting.made.size();
  return figures;
}

}  // namespace usine::sim
