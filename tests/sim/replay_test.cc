#include "sim/replay.h"

#include <doctest/doctest.h>

#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

TraceJob traced(std::int64_t submit, std::int64_t run, std::uint32_t gpus) {
  TraceJob job;
  job.submit = Seconds(submit);
  job.run = Seconds(run);
  job.gpus = gpus;
  job.user = "u" + std::to_string(gpus);
  return job;
}

ReplayReport replayed(const ClusterSize& size, const std::vector<TraceJob>& trace) {
  auto report = replay(make_cluster(size), trace);
  REQUIRE(report);
  return *report;
}

TEST_CASE("Jobs that fit side by side do not wait") {
  const auto report = replayed({.nodes = 2, .gpus = 4}, {traced(0, 100, 4), traced(0, 100, 4)});
  CHECK(report.figures.jobs == 2);
  CHECK(report.figures.wait_s.p99 == 0);
  CHECK(report.figures.bounded_slowdown.mean == doctest::Approx(1.0));
  CHECK(report.figures.utilisation == doctest::Approx(1.0));
  CHECK(report.figures.simulated == Seconds(100));
}

TEST_CASE("A job that finds the machine full waits for the one before it") {
  const auto report = replayed({.nodes = 1, .gpus = 4}, {traced(0, 100, 4), traced(10, 50, 4)});
  CHECK(report.figures.jobs == 2);
  CHECK(report.figures.wait_s.mean == doctest::Approx(45.0));
  CHECK(report.figures.wait_s.p99 == doctest::Approx(90.0));
  CHECK(report.figures.bounded_slowdown.p99 == doctest::Approx(140.0 / 50.0));
}

TEST_CASE("A job that runs into its limit ends there") {
  TraceJob job = traced(0, 1'000, 1);
  job.limit = Seconds(300);
  const auto report = replayed({.nodes = 1}, {job});
  CHECK(report.figures.simulated == Seconds(300));
}

TEST_CASE("A job that no node can hold is counted as refused with the reason") {
  TraceJob job = traced(0, 10, 8);
  job.nodes = 1;
  const auto report = replayed({.nodes = 2, .gpus = 4}, {job, traced(0, 10, 1)});
  CHECK(report.figures.jobs == 1);
  CHECK(report.refused == 1);
  CHECK(report.first_refusal.find("8") != std::string::npos);
}

TEST_CASE("A job larger than a node is spread over as few nodes as can hold it") {
  const ClusterSize size{.nodes = 8, .cores = 16, .gpus = 4};
  const NodeShape shape = make_cluster(size)->classes[0].shape;
  const JobRequest request = request_of(traced(0, 10, 10), shape);
  CHECK(request.components[0].nodes == 3);
  CHECK(request.components[0].per_node.gpus == 4);
}

TEST_CASE("The digest is the same twice and another one for another list") {
  std::vector<TraceJob> trace;
  for (std::int64_t i = 0; i < 200; ++i) {
    trace.push_back(traced(i * 7, 20 + i * 13 % 300, 1 + static_cast<std::uint32_t>(i % 9)));
  }
  const ClusterSize size{.nodes = 6, .gpus = 4};
  const auto first = replayed(size, trace);
  CHECK(first.figures.jobs == 200);
  CHECK(first.stuck == 0);
  CHECK(replayed(size, trace).digest == first.digest);
  trace[100].run = Seconds(9);
  CHECK(replayed(size, trace).digest != first.digest);
}

TEST_CASE("A cluster without nodes is refused") {
  CHECK_FALSE(replay(std::make_shared<ClusterConfig>(), {}));
}

}  // namespace
}  // namespace usine::sim
