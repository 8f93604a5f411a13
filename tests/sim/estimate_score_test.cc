#include "sim/estimate_score.h"

#include <doctest/doctest.h>

#include "sim/replay.h"
#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

Time at(std::int64_t seconds) { return Time{} + Seconds(seconds); }

std::vector<TraceJob> busy_trace() {
  std::vector<TraceJob> trace;
  for (std::int64_t i = 0; i < 400; ++i) {
    TraceJob job;
    job.submit = Seconds(i * 97);
    job.run = Seconds(300 + i * 131 % 3'000);
    job.limit = Seconds(7'200);
    job.gpus = 1 + static_cast<std::uint32_t>(i % 9);
    job.user = "u" + std::to_string(i % 5);
    trace.push_back(job);
  }
  return trace;
}

TEST_CASE("An estimate is inside where the real start lies in its range and not elsewhere") {
  EstimateScore score;
  for (std::uint64_t job = 1; job <= 4; ++job) score.submitted(JobId{job}, 1);
  score.made({at(1'000),
              {{JobId{1}, at(2'000), at(1'500), at(3'000)},
               {JobId{2}, at(2'000), at(1'500), at(3'000)},
               {JobId{3}, at(2'000), at(1'500), at(3'000)},
               {JobId{4}, at(2'000), at(1'500), at(3'000)}}});
  score.started(JobId{1}, at(1'499));
  score.started(JobId{2}, at(3'000));
  score.started(JobId{3}, at(3'001));
  const EstimateFigures figures = score.figures();
  CHECK(figures.all.estimates == 3);
  CHECK(figures.all.inside == 1);
  CHECK(figures.all.before == 1);
  CHECK(figures.open == 1);
  CHECK(figures.all.error_median_s == doctest::Approx(1'000).epsilon(0.02));
  CHECK(figures.all.width_median == doctest::Approx(2'060.0 / 560).epsilon(0.02));
}

TEST_CASE("Estimates are told apart by size and by how far ahead they say") {
  EstimateScore score;
  score.submitted(JobId{1}, 1);
  score.submitted(JobId{2}, 512);
  score.made(
      {at(0), {{JobId{1}, at(60), at(0), at(100)}, {JobId{2}, at(90'000), at(0), at(100'000)}}});
  score.started(JobId{1}, at(60));
  score.started(JobId{2}, at(60));
  const EstimateFigures figures = score.figures();
  REQUIRE(figures.sizes.size() == 2);
  CHECK(figures.sizes[0].from == 1);
  CHECK(figures.sizes[1].from == 65);
  CHECK(figures.aheads[0].estimates == 1);
  CHECK(figures.aheads[3].estimates == 1);
}

TEST_CASE("Real waits are told by about how long the estimates said") {
  EstimateScore score;
  for (std::uint64_t job = 1; job <= 10; ++job) {
    score.submitted(JobId{job}, 1);
    score.made({at(1'000), {{JobId{job}, at(1'000 + 3'600), at(1'000), at(9'000)}}});
    score.started(JobId{job}, at(1'000 + 600 * static_cast<std::int64_t>(job)));
  }
  const std::vector<RealWaits> waits = score.figures().waits;
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].estimates == 10);
  CHECK(waits[0].estimated_s == 60 * 64);
  CHECK(waits[0].p10_s == doctest::Approx(600).epsilon(0.03));
  CHECK(waits[0].p50_s == doctest::Approx(3'000).epsilon(0.03));
  CHECK(waits[0].p90_s == doctest::Approx(5'400).epsilon(0.03));
}

TEST_CASE("A replay that estimates decides as one that does not") {
  const auto cluster = make_cluster({.nodes = 4, .gpus = 4});
  const auto without = replay(cluster, busy_trace());
  ReplayOptions options;
  options.estimates_every = Seconds(600);
  const auto with = replay(cluster, busy_trace(), options);
  REQUIRE(without);
  REQUIRE(with);
  CHECK(with->digest == without->digest);
  CHECK_FALSE(without->estimates);
  REQUIRE(with->estimates);
  CHECK(with->estimates->all.estimates > 100);
  CHECK(with->estimates->open == 0);
}

TEST_CASE("A replay estimates alike twice") {
  const auto cluster = make_cluster({.nodes = 4, .gpus = 4});
  ReplayOptions options;
  options.estimates_every = Seconds(600);
  const auto first = replay(cluster, busy_trace(), options);
  const auto second = replay(cluster, busy_trace(), options);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->estimates->all.inside == second->estimates->all.inside);
  CHECK(first->estimates->all.error_median_s == second->estimates->all.error_median_s);
}

}  // namespace
}  // namespace usine::sim
