#include "scheduler/estimate/ranges.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "common/check.h"

namespace usine {
namespace {

// What is known of a wider kind counts as so many observations of a narrower one, made apart.
constexpr std::uint64_t kWiderCounts = 2;
// A ring holds at least so many times the predicted wait, so that it is known how its samples went.
constexpr std::int64_t kWaitsHeld = 8;
constexpr std::int32_t kThousand = 1000;
constexpr std::int32_t kStep = 8;       // thousandths, of an eighth of an octave
constexpr std::int32_t kMissedOf = 12;  // one of so many may miss on each side
constexpr std::int32_t kOffsetMin = -16 * kThousand;
constexpr std::int32_t kOffsetMax = 48 * kThousand;
constexpr std::uint64_t kCredit = 1000;
constexpr std::uint64_t kTakenMax = 64;  // of a kind, in one refresh

// Logarithm to base 2 in eighths, straight between powers of two, rounded down. `value` >= 1.
std::int32_t log_of(std::int64_t value) {
  const auto octave = static_cast<std::int32_t>(std::bit_width(static_cast<std::uint64_t>(value)));
  const std::int64_t power = std::int64_t{1} << (octave - 1);
  return (octave - 1) * 8 + static_cast<std::int32_t>((value - power) * 8 / power);
}

// The inverse: the least value whose logarithm that is, rounded down.
std::int64_t value_of(std::int32_t log) {
  constexpr std::int32_t kLogMax = 40 * 8;
  log = std::clamp(log, 0, kLogMax);
  const std::int64_t power = std::int64_t{1} << (log / 8);
  return power + power * (log % 8) / 8;
}

// Orders jobs in a way that has nothing to do with what they are (Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators", OOPSLA 2014: the finishing steps of SplitMix64).
std::uint64_t shuffled(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace

EstimateRanges::EstimateRanges() : kinds_(kKinds) { learn(Time{}); }

std::uint32_t EstimateRanges::size_of(std::uint32_t nodes_asked, std::size_t nodes) {
  if (nodes_asked <= 1) return 0;
  return std::size_t{nodes_asked} * 16 <= nodes ? 1 : 2;
}

std::size_t EstimateRanges::kind_of(Seconds wait, std::uint32_t size) {
  const auto minutes = static_cast<std::uint64_t>((wait + kOffset).count()) / 60;
  const auto doubled = static_cast<std::size_t>(std::bit_width(minutes)) - 1;
  return size * kWaits + std::min(doubled, kWaits - 1);
}

std::size_t EstimateRanges::ratio_of(Seconds real, Seconds wait) {
  const std::int32_t ratio = log_of((real + kOffset).count()) - log_of((wait + kOffset).count());
  const auto place = ratio + static_cast<std::int32_t>(kRatios / 2);
  return static_cast<std::size_t>(std::clamp(place, 0, static_cast<std::int32_t>(kRatios) - 1));
}

// ---- memory ------------------------------------------------------------------------------------

void EstimateRanges::remember(const std::vector<Prediction>& predictions, Time now) {
  const std::int64_t since =
      last_ ? std::chrono::duration_cast<Seconds>(now - *last_).count() : kOffset.count();
  last_ = now;
  std::vector<std::tuple<std::size_t, std::uint64_t, std::size_t>> order;
  order.reserve(predictions.size());
  const auto salt = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const Prediction& one = predictions[i];
    order.emplace_back(kind_of(one.wait, one.size), shuffled(one.job.value ^ shuffled(salt)), i);
  }
  std::ranges::sort(order);
  for (auto at = order.begin(); at != order.end();) {
    const std::size_t kind = std::get<0>(*at);
    const auto least_wait = std::int64_t{60} << (kind % kWaits);
    Kind& own = kinds_[kind];
    own.credit += kCredit * kRememberedMax * static_cast<std::uint64_t>(since) /
                  static_cast<std::uint64_t>(2 * kWaitsHeld * least_wait);
    own.credit = std::min(own.credit, kCredit * kTakenMax);
    for (; at != order.end() && std::get<0>(*at) == kind; ++at) {
      if (own.credit < kCredit) continue;
      own.credit -= kCredit;
      take(kind, predictions[std::get<2>(*at)], now);
    }
  }
}

void EstimateRanges::take(std::size_t kind, const Prediction& prediction, Time now) {
  Kind& own = kinds_[kind];
  const auto place = static_cast<std::size_t>(own.taken++ % kRememberedMax);
  const auto number = static_cast<std::uint32_t>(kind * kRememberedMax + place);
  if (place < own.samples.size()) {
    forget(number);
  } else {
    own.samples.emplace_back();
  }
  const auto [first, is_new] = first_of_job_.try_emplace(prediction.job, kNone);
  const Range stated = range_of(prediction.wait, prediction.size);
  own.samples[place] = {prediction.job, now, prediction.wait, stated.earliest, stated.latest,
                        false,          {},  false,           first->second};
  first->second = number;
}

void EstimateRanges::forget(std::uint32_t number) {
  const Sample& old = kinds_[number / kRememberedMax].samples[number % kRememberedMax];
  const auto first = first_of_job_.find(old.job);
  if (old.real || old.gone || first == first_of_job_.end()) return;
  std::uint32_t* at = &first->second;
  while (*at != number) {
    CHECK_THAT(*at != kNone);
    at = &kinds_[*at / kRememberedMax].samples[*at % kRememberedMax].next_of_job;
  }
  *at = old.next_of_job;
  if (first->second == kNone) first_of_job_.erase(first);
}

void EstimateRanges::started(JobId job, Time now) {
  const auto first = first_of_job_.extract(job);
  if (!first) return;
  for (std::uint32_t at = first.mapped(); at != kNone;) {
    Sample& sample = kinds_[at / kRememberedMax].samples[at % kRememberedMax];
    sample.real = std::chrono::duration_cast<Seconds>(now - sample.made);
    if (!sample.judged) {
      judge(at / kRememberedMax, *sample.real < sample.earliest  ? Verdict::kBefore
                                 : *sample.real <= sample.latest ? Verdict::kInside
                                                                 : Verdict::kAfter);
      sample.judged = true;
    }
    at = sample.next_of_job;
  }
}

void EstimateRanges::gone(JobId job) {
  const auto first = first_of_job_.extract(job);
  if (!first) return;
  for (std::uint32_t at = first.mapped(); at != kNone;) {
    Sample& sample = kinds_[at / kRememberedMax].samples[at % kRememberedMax];
    sample.gone = true;
    at = sample.next_of_job;
  }
}

void EstimateRanges::judge_overdue(Time now) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (Sample& sample : kinds_[kind].samples) {
      if (sample.judged || sample.gone || now - sample.made <= sample.latest) continue;
      judge(kind, Verdict::kAfter);
      sample.judged = true;
    }
  }
}

void EstimateRanges::judge(std::size_t kind, Verdict verdict) {
  const std::size_t wait = kind % kWaits;
  const auto move = [](std::int32_t& offset, bool missed, std::int32_t step) {
    offset += missed ? step * (kMissedOf - 1) : -step;
    offset = std::clamp(offset, kOffsetMin, kOffsetMax);
  };
  for (std::size_t other = 0; other < kWaits; ++other) {
    const std::size_t apart = other > wait ? other - wait : wait - other;
    const std::int32_t step = kStep >> apart;
    move(earlier_[other], verdict == Verdict::kBefore, step);
    move(later_[other], verdict == Verdict::kAfter, step);
  }
}

// ---- quantiles ---------------------------------------------------------------------------------

EstimateRanges::Seen EstimateRanges::look_at(const Kind& kind, Time now) {
  Seen seen;
  std::optional<Time> ends;  // of the last wait that is counted as apart
  for (std::size_t i = 0; i < kind.samples.size(); ++i) {
    // From the oldest on: the ring is full when something has been overwritten.
    const Sample& sample = kind.samples[(kind.taken + i) % kind.samples.size()];
    if (sample.gone) continue;
    const Seconds waited = std::chrono::duration_cast<Seconds>(now - sample.made);
    if (sample.real) {
      ++seen.ratios.ended[ratio_of(*sample.real, sample.wait)];
    } else {
      ++seen.ratios.open[ratio_of(waited, sample.wait)];
    }
    ++seen.samples;
    const Time end = sample.made + sample.real.value_or(waited);
    if (!ends || sample.made >= *ends) ++seen.apart;
    ends = !ends || sample.made >= *ends ? end : std::min(*ends, end);
  }
  return seen;
}

Survival<EstimateRanges::kRatios> EstimateRanges::fit(const Seen& seen,
                                                      const Survival<kRatios>& wider) {
  const std::uint64_t alike = seen.samples / std::max<std::uint64_t>(seen.apart, 1);
  return survival_of(seen.ratios, wider, kWiderCounts * std::max<std::uint64_t>(alike, 1));
}

EstimateRanges::Quantiles EstimateRanges::quantiles_of(const Survival<kRatios>& survival) {
  const auto first_below = [&survival](std::uint64_t share) {
    const auto found = std::ranges::find_if(survival, [=](auto above) { return above <= share; });
    const auto place = std::min<std::ptrdiff_t>(found - survival.begin(), kRatios - 1);
    return static_cast<std::int32_t>(place) - static_cast<std::int32_t>(kRatios / 2);
  };
  return {first_below(kAllSurvive / 10 * 9), first_below(kAllSurvive / 2),
          first_below(kAllSurvive / 10)};
}

void EstimateRanges::learn(Time now) {
  judge_overdue(now);
  Survival<kRatios> defaults{};
  // A tenth of the waits is eight times as long, half of them that in each five fourths of an
  // octave; the same to the other side.
  std::uint64_t beyond = kAllSurvive / 2;
  for (std::size_t i = 0; i < kRatios / 2; ++i) {
    defaults[kRatios / 2 + i] = beyond;
    defaults[kRatios / 2 - 1 - i] = kAllSurvive - beyond;
    beyond = beyond * 935 / 1000;
  }
  std::vector<Seen> seen;
  for (const Kind& kind : kinds_) seen.push_back(look_at(kind, now));
  for (std::size_t wait = 0; wait < kWaits; ++wait) {
    Seen of_wait;
    for (std::size_t kind = wait; kind < kKinds; kind += kWaits) {
      of_wait.ratios += seen[kind].ratios;
      of_wait.samples += seen[kind].samples;
      of_wait.apart = std::max(of_wait.apart, seen[kind].apart);
    }
    const Survival<kRatios> wider = fit(of_wait, defaults);
    for (std::size_t kind = wait; kind < kKinds; kind += kWaits) {
      quantiles_[kind] = quantiles_of(fit(seen[kind], wider));
    }
  }
}

EstimateRanges::Range EstimateRanges::range_of(Seconds wait, std::uint32_t size) const {
  const Quantiles& own = quantiles_[kind_of(wait, size)];
  const std::int32_t log = log_of((wait + kOffset).count());
  const auto at = [log](std::int32_t ratio) {
    return std::max(Seconds(value_of(log + ratio)) - kOffset, Seconds(0));
  };
  const std::size_t kind = kind_of(wait, size) % kWaits;
  const std::int32_t low = own.low - earlier_[kind] / kThousand;
  const std::int32_t high = own.high + 1 + later_[kind] / kThousand;
  return {at(std::min(low, own.middle)), at(own.middle), at(std::max(high, own.middle + 1))};
}

}  // namespace usine
