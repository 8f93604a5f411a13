#include "sim/metrics.h"

#include <doctest/doctest.h>

#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

constexpr Time kBegin{Millis{1'000'000}};

Time at(std::int64_t seconds) { return kBegin + Seconds(seconds); }

AttemptPlaced placed(std::uint64_t job, const std::vector<std::uint32_t>& nodes, std::size_t gpus) {
  AttemptPlaced event;
  event.job = JobId{job};
  event.attempt = AttemptNumber{1};
  for (const std::uint32_t node : nodes) {
    NodeShare share;
    share.node = NodeId{node};
    for (std::size_t i = 0; i < gpus; ++i) share.gpus.insert(i);
    event.allocation.nodes.push_back(share);
  }
  return event;
}

AttemptKey key(std::uint64_t job) { return {JobId{job}, AttemptNumber{1}}; }

// Submitted, placed and started, and ended at these times, in seconds.
struct Life {
  std::uint64_t job;
  std::int64_t submitted, started, ended;
  std::vector<std::uint32_t> nodes;
  std::size_t gpus;  // on each
};

// Lives in the order of their starts; none starts after an earlier one has ended.
void live(Metrics& metrics, const std::vector<Life>& lives) {
  for (const Life& life : lives) {
    metrics.take(at(life.submitted),
                 JobSubmitted{JobId{life.job}, nullptr, {}, at(life.submitted)});
  }
  for (const Life& life : lives) {
    metrics.take(at(life.started), placed(life.job, life.nodes, life.gpus));
    metrics.take(at(life.started), AttemptStarted{key(life.job), at(life.started)});
  }
  for (const Life& life : lives) {
    AttemptNodeEnded part;
    part.key = key(life.job);
    for (part.index = 0; part.index < life.nodes.size(); ++part.index) {
      metrics.take(at(life.ended), part);
    }
    AttemptEnded attempt;
    attempt.key = key(life.job);
    metrics.take(at(life.ended), attempt);
    JobEnded job;
    job.job = JobId{life.job};
    metrics.take(at(life.ended), job);
  }
}

TEST_CASE("Use is measured from the first submission to the last end") {
  const auto cluster = make_cluster({.nodes = 2, .gpus = 4});
  Metrics metrics(*cluster, Unit::kGpu, kBegin);
  live(metrics, {{1, 0, 0, 100, {0}, 4}, {2, 0, 0, 200, {1}, 4}});
  const Figures figures = metrics.figures();
  CHECK(figures.jobs == 2);
  CHECK(figures.simulated == Seconds(200));
  CHECK(figures.utilisation == doctest::Approx(0.75));
  REQUIRE(figures.utilisation_over_time.size() == Metrics::kPeriods);
  CHECK(figures.utilisation_over_time.front() == doctest::Approx(1.0));
  CHECK(figures.utilisation_over_time.back() == doctest::Approx(0.5));
  CHECK(figures.fragmentation == 0);
}

TEST_CASE("Free GPUs beside a job on its node are counted as broken") {
  const auto cluster = make_cluster({.nodes = 2, .gpus = 4});
  Metrics metrics(*cluster, Unit::kGpu, kBegin);
  live(metrics, {{1, 0, 0, 100, {0}, 1}});
  // Three on the job's node, four on the other.
  CHECK(metrics.figures().fragmentation == doctest::Approx(3.0 / 7.0));
}

TEST_CASE("Leaves are held against the fewest that hold so many nodes") {
  const auto cluster = make_cluster({.nodes = 8, .nodes_per_leaf = 4, .gpus = 4});
  Metrics metrics(*cluster, Unit::kGpu, kBegin);
  live(metrics, {{1, 0, 0, 9, {0, 1}, 4}, {2, 0, 0, 9, {2, 4}, 4}, {3, 0, 0, 9, {5}, 4}});
  const LeafUse leaves = metrics.figures().leaves;
  CHECK(leaves.jobs == 2);
  CHECK(leaves.over_least_mean == doctest::Approx(1.5));
  CHECK(leaves.share_at_least == doctest::Approx(0.5));
}

TEST_CASE("Waits stand by size with the longest of each") {
  const auto cluster = make_cluster({.nodes = 4, .gpus = 4});
  Metrics metrics(*cluster, Unit::kGpu, kBegin);
  live(metrics, {{1, 0, 10, 100, {0}, 1}, {2, 0, 40, 100, {1}, 1}, {3, 0, 50, 100, {2, 3}, 4}});
  const Figures figures = metrics.figures();
  REQUIRE(figures.sizes.size() == 2);
  CHECK(figures.sizes[0].from == 1);
  CHECK(figures.sizes[0].jobs == 2);
  CHECK(figures.sizes[0].wait_max_s == 40);
  CHECK(figures.sizes[1].from == 2);
  CHECK(figures.sizes[1].to == 8);
  CHECK(figures.sizes[1].wait_max_s == 50);
  CHECK(figures.wait_percentiles_s.front() == 10);
  CHECK(figures.wait_percentiles_s.back() == 50);
  CHECK(figures.bounded_slowdown.p50 == doctest::Approx(100.0 / 60.0));
}

}  // namespace
}  // namespace usine::sim
