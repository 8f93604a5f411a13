#include "scheduler/estimate/ranges.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

#include <doctest/doctest.h>

namespace usine {
namespace {

// A stream of jobs, some of which start with each refresh after a wait that is the predicted one
// times a factor; the ranges are scored as users see them.
class Stream {
 public:
  explicit Stream(std::uint32_t seed, double spread) : random_(seed), factor_(0.0, spread) {}

  // Of the estimates made from the `counted_from`-th refresh on: the share inside their ranges.
  double run(
      int refreshes, int counted_from,
      const std::function<void(std::vector<Prediction>&)>& arrange = [](std::vector<Prediction>&) {
      }) {
    for (int refresh = 0; refresh < refreshes; ++refresh) {
      now_ += Seconds(600);
      start_due();
      for (int i = 0; i < 5; ++i) submit();
      ranges.learn(now_);
      std::vector<Prediction> predictions;
      for (auto& [job, waiting] : waiting_) {
        const auto left = std::chrono::duration_cast<Seconds>(waiting.start - now_);
        const Seconds wait(std::llround(static_cast<double>(left.count()) / waiting.factor));
        predictions.push_back({job, wait, 0});
        if (refresh < counted_from) continue;
        const auto range = ranges.range_of(wait, 0);
        made_ += 1;
        inside_ += left >= range.earliest && left <= range.latest ? 1 : 0;
      }
      arrange(predictions);
      ranges.remember(predictions, now_);
    }
    return inside_ / made_;
  }

  EstimateRanges ranges;

 private:
  struct Waiting {
    Time start;
    double factor = 1;
  };

  void submit() {
    const double factor = std::exp2(factor_(random_));
    std::uniform_int_distribution<std::int64_t> wait(600, 40'000);
    const Seconds real(std::llround(static_cast<double>(wait(random_)) * factor));
    waiting_[next_] = {now_ + real, factor};
    next_ = JobId{next_.value + 1};
  }
  void start_due() {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      if (at->second.start > now_) {
        ++at;
        continue;
      }
      ranges.started(at->first, at->second.start);
      at = waiting_.erase(at);
    }
  }

  std::mt19937 random_;
  std::normal_distribution<double> factor_;
  std::map<JobId, Waiting> waiting_;
  JobId next_{1};
  Time now_{};
  double made_ = 0;
  double inside_ = 0;
};

TEST_CASE("A fresh scheduler states ranges from an eighth to eight times the wait") {
  const EstimateRanges ranges;
  const auto range = ranges.range_of(Seconds(8 * 3600), 0);
  CHECK(range.earliest <= Seconds(3600));
  CHECK(range.earliest >= Seconds(3000));
  CHECK(range.latest >= Seconds(60 * 3600));
  CHECK(range.latest <= Seconds(80 * 3600));
}

TEST_CASE("Ranges hold the real start at least as often as they say") {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    CHECK(Stream(seed, 1.0).run(1500, 300) >= 0.8);
  }
}

TEST_CASE("Ranges are narrow where predictions are good and wide where they are not") {
  Stream good(1, 0.1);
  Stream bad(1, 2.0);
  (void)good.run(600, 0);
  (void)bad.run(600, 0);
  const auto width = [](const EstimateRanges& ranges) {
    const auto range = ranges.range_of(Seconds(10'000), 0);
    return static_cast<double>((range.latest + EstimateRanges::kOffset).count()) /
           static_cast<double>((range.earliest + EstimateRanges::kOffset).count());
  };
  CHECK(width(good.ranges) < 2);
  CHECK(width(bad.ranges) > 8);
}

TEST_CASE("The order in which predictions come changes nothing") {
  Stream forward(7, 1.0);
  Stream backward(7, 1.0);
  const double first = forward.run(400, 0);
  const double second =
      backward.run(400, 0, [](std::vector<Prediction>& list) { std::ranges::reverse(list); });
  CHECK(first == second);
  for (std::int64_t wait = 0; wait < 200'000; wait += 1'000) {
    const auto one = forward.ranges.range_of(Seconds(wait), 0);
    const auto other = backward.ranges.range_of(Seconds(wait), 0);
    CHECK(one.earliest == other.earliest);
    CHECK(one.middle == other.middle);
    CHECK(one.latest == other.latest);
  }
}

TEST_CASE("Ranges grow to the late side while nothing starts any more") {
  EstimateRanges ranges;
  Time now{};
  std::vector<Prediction> waiting;
  for (std::uint64_t i = 1; i <= 100; ++i) waiting.push_back({JobId{i}, Seconds(600), 0});
  ranges.learn(now);
  const Seconds before = ranges.range_of(Seconds(600), 0).latest;
  for (int i = 0; i < 100; ++i) {
    ranges.remember(waiting, now);
    now += Seconds(600);
    ranges.learn(now);
  }
  CHECK(ranges.range_of(Seconds(600), 0).latest > 4 * before);
}

double octaves(Seconds from, Seconds to) {
  const auto with_offset = [](Seconds time) {
    return static_cast<double>((time + EstimateRanges::kOffset).count());
  };
  return std::log2(with_offset(to) / with_offset(from));
}

TEST_CASE("Many jobs that wait for one and the same end say as much as one") {
  EstimateRanges ranges;
  Time now{};
  std::vector<Prediction> waiting;
  for (std::uint64_t i = 1; i <= 600; ++i) waiting.push_back({JobId{i}, Seconds(60'000), 0});
  for (int refresh = 0; refresh < 20; ++refresh) {
    ranges.learn(now);
    ranges.remember(waiting, now);
    now += Seconds(600);
  }
  for (const Prediction& one : waiting) ranges.started(one.job, now + Seconds(40'000));
  ranges.learn(now + Seconds(40'000));
  const auto range = ranges.range_of(Seconds(60'000), 0);
  CHECK(octaves(range.earliest, range.latest) > 2.5);
}

TEST_CASE("What is known of short waits does not make the ranges of long ones narrow") {
  Stream short_waits(1, 0.1);
  (void)short_waits.run(600, 0);
  const auto range = short_waits.ranges.range_of(Seconds(20 * 86'400), 0);
  CHECK(octaves(Seconds(20 * 86'400), range.latest) > 2);
  CHECK(octaves(range.earliest, Seconds(20 * 86'400)) > 2);
}

TEST_CASE("What became of a job that never started counts for nothing") {
  EstimateRanges touched;
  EstimateRanges untouched;
  const Time later = Time{} + Seconds(300);
  touched.remember({{JobId{1}, Seconds(60), 0}}, Time{});
  touched.gone(JobId{1});
  touched.learn(later);
  untouched.learn(later);
  CHECK(touched.range_of(Seconds(60), 0).latest == untouched.range_of(Seconds(60), 0).latest);
}

}  // namespace
}  // namespace usine
