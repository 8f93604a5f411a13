#include "sim/workload.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "sim/guessed_limits.h"
#include "sim/offered_load.h"
#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

double share_of(const std::vector<TraceJob>& jobs, std::uint32_t least, std::uint32_t most) {
  const auto count = std::ranges::count_if(
      jobs, [&](const TraceJob& job) { return *job.gpus >= least && *job.gpus <= most; });
  return static_cast<double>(count) / static_cast<double>(jobs.size());
}

TEST_CASE("giga-mix is the same for equal seeds and ascending by submission") {
  const auto jobs = giga_mix({.seed = 7, .jobs = 2'000});
  CHECK(jobs == giga_mix({.seed = 7, .jobs = 2'000}));
  CHECK(jobs != giga_mix({.seed = 8, .jobs = 2'000}));
  CHECK(jobs.size() == 2'000);
  CHECK(std::ranges::is_sorted(jobs, {}, &TraceJob::submit));
}

TEST_CASE("giga-mix has the sizes that are documented") {
  const auto jobs = giga_mix({.seed = 1, .jobs = 50'000});
  CHECK(share_of(jobs, 1, 1) == doctest::Approx(0.55).epsilon(0.1));
  CHECK(share_of(jobs, 4, 4) == doctest::Approx(0.12).epsilon(0.1));
  CHECK(share_of(jobs, 8, 72) == doctest::Approx(0.24).epsilon(0.1));
  CHECK(share_of(jobs, 8'192, 16'384) > 0);
  CHECK(share_of(jobs, 16'385, ~0u) == 0);
  for (const TraceJob& job : jobs) {
    REQUIRE(job.run->count() >= 1);
    REQUIRE(job.limit->count() <= 7 * 86'400);
  }
}

TEST_CASE("giga-mix offers the load that was asked for") {
  const auto cluster = make_cluster({.nodes = 25'200, .nodes_per_leaf = 18, .gpus = 4});
  for (const double load : {0.7, 1.0}) {
    const auto jobs = giga_mix({.seed = 3, .jobs = 5'000, .load = load});
    const OfferedLoad offered = offered_load(*cluster, jobs);
    CHECK(offered.unit == Unit::kGpu);
    CHECK(offered.share == doctest::Approx(load).epsilon(0.05));
  }
}

TEST_CASE("A guessed limit is a usual value above the run time and at most ten times as long") {
  std::vector<TraceJob> trace;
  for (std::int64_t run = 1; run < 40'000'000; run = run * 3 / 2 + 1) {
    TraceJob job;
    job.run = Seconds(run);
    trace.push_back(job);
  }
  auto again = trace;
  CHECK(guess_limits(trace, 5) == trace.size());
  for (const TraceJob& job : trace) {
    CHECK(*job.limit > *job.run);
    CHECK(*job.limit == usual_limit(*job.limit));
    CHECK(*job.limit <= usual_limit(std::chrono::ceil<Seconds>(10 * *job.run) + Seconds(1)));
  }
  guess_limits(again, 5);
  CHECK(again == trace);
  CHECK(guess_limits(trace, 6) == 0);
}

TEST_CASE("Usual limits are those that people write") {
  CHECK(usual_limit(Seconds(1)) == Seconds(300));
  CHECK(usual_limit(Seconds(3'601)) == Seconds(7'200));
  CHECK(usual_limit(Seconds(31 * 86'400)) == Seconds(60 * 86'400));
}

}  // namespace
}  // namespace usine::sim
