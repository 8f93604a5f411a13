#include "scheduler/estimate/estimator.h"

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

Estimates estimates_of(const CoreDriver& core, std::span<const KeptStart> kept = {}) {
  Estimator estimator;
  return estimator.refresh(core.state, kept, core.now);
}

JobId depends(CoreDriver& core, DependencyKind kind, JobId on) {
  JobRequest request = request_for({.gpus = 1});
  request.dependencies.items = {{kind, on, {}, Seconds(0)}};
  return core.submit(std::move(request));
}

TEST_CASE("Every waiting job that can start has an estimate in a range around it") {
  CoreDriver core(cluster_of(4));
  core.join_all();
  for (int i = 0; i < 4; ++i) (void)core.running(Ask{.gpus = 8});
  std::vector<JobId> waiting;
  for (std::uint32_t i = 0; i < 300; ++i) {
    waiting.push_back(core.submit(Ask{.nodes = 1 + i % 4, .gpus = 1 + i % 8}));
  }
  const Estimates estimates = estimates_of(core);
  CHECK(estimates.jobs.size() == waiting.size());
  for (const JobId job : waiting) {
    const Estimate* const one = estimates.find(job);
    REQUIRE(one != nullptr);
    CHECK(core.now <= one->earliest);
    CHECK(one->earliest <= one->start);
    CHECK(one->start <= one->latest);
  }
}

TEST_CASE("Jobs that cannot start as things stand have no estimate") {
  CoreDriver core(cluster_of(2));
  core.hello("node001");
  const JobId runs = core.running(Ask{.gpus = 8});
  const JobId held = core.submit(Ask{.gpus = 1});
  core.must(ActOnJob{CoreDriver::user("ada"), held, JobAction::kHold});
  const JobId behind_held = depends(core, DependencyKind::kAfterOk, held);
  const JobId after_failure = depends(core, DependencyKind::kAfterNotOk, runs);
  const JobId on_both = core.submit(Ask{.nodes = 2, .gpus = 8});  // node002 is down
  const JobId fine = core.submit(Ask{.gpus = 1});
  const Estimates estimates = estimates_of(core);
  CHECK(estimates.find(held) == nullptr);
  CHECK(estimates.find(behind_held) == nullptr);
  CHECK(estimates.find(after_failure) == nullptr);
  CHECK(estimates.find(on_both) == nullptr);
  CHECK(estimates.find(fine) != nullptr);
}

TEST_CASE("A job that depends on another is estimated to start after that ends") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  (void)core.running(Ask{.gpus = 8, .time_limit = Seconds(36'000)});
  const JobId first = core.submit(Ask{.gpus = 8, .time_limit = Seconds(36'000)});
  const JobId second = depends(core, DependencyKind::kAfterOk, first);
  const Estimates estimates = estimates_of(core);
  CHECK(estimates.find(first)->start < estimates.find(second)->start);
}

TEST_CASE("A begin time is the earliest that an estimate is made from") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  JobRequest request = request_for({.gpus = 1});
  request.begin = core.now + Seconds(86'400);
  const JobId later = core.submit(std::move(request));
  CHECK(estimates_of(core).find(later)->start >= core.now + Seconds(80'000));
}

TEST_CASE("No range ends after a start that the planner keeps") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  (void)core.running(Ask{.gpus = 8, .time_limit = Seconds(36'000)});
  const JobId next = core.submit(Ask{.gpus = 8});
  const KeptStart kept{next, core.now + Seconds(60)};
  const Estimates estimates = estimates_of(core, {&kept, 1});
  CHECK(estimates.find(next)->latest == kept.at);
  CHECK(estimates.find(next)->start <= kept.at);
}

TEST_CASE("Of equal jobs the one that goes first in the order is estimated first") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  (void)core.running(Ask{.gpus = 8});
  std::vector<JobId> line;
  for (int i = 0; i < 10; ++i) {
    core.now += Millis{1000};
    line.push_back(core.submit(Ask{.gpus = 8}));
  }
  const Estimates estimates = estimates_of(core);
  for (std::size_t i = 1; i < line.size(); ++i) {
    CHECK(estimates.find(line[i - 1])->start < estimates.find(line[i])->start);
  }
}

TEST_CASE("A task of an array that may run one at a time is estimated for when the last one ends") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  JobRequest request = request_for({.gpus = 1, .time_limit = Seconds(36'000)});
  request.array = parse_array_spec("0-9%1").value();
  const JobId array = core.submit(std::move(request));
  core.plan();
  const Estimates estimates = estimates_of(core);
  REQUIRE(estimates.find(array) != nullptr);
  CHECK(estimates.find(array)->start > core.now);
}

TEST_CASE("A job is expected to take the part of its limit that jobs like it took") {
  EstimateLengths lengths;
  const Seconds limit(6'400);
  CHECK(lengths.expected(limit, Seconds(0), {}) > limit / 3);
  for (int i = 0; i < 200; ++i) lengths.learn(Seconds(640), limit);
  lengths.fit();
  CHECK(lengths.expected(limit, Seconds(0), {}) < limit / 5);
  CHECK(lengths.expected(limit, Seconds(0), {}) >= Seconds(640));
  CHECK(lengths.expected(limit, Seconds(6'000), {}) > Seconds(6'000));
}

TEST_CASE("A job is expected to run as long as its script did until it has run for longer") {
  EstimateLengths lengths;
  const Seconds limit(6'400);
  CHECK(lengths.expected(limit, Seconds(0), Seconds(20)) == Seconds(20));
  CHECK(lengths.expected(limit, Seconds(19), Seconds(20)) == Seconds(20));
  CHECK(lengths.expected(limit, Seconds(20), Seconds(20)) > limit / 3);
  CHECK(lengths.expected(limit, Seconds(0), Seconds(9'999)) == limit);
}

TEST_CASE("One run of a script tells how long those that wait behind its next runs will wait") {
  CoreDriver core(cluster_of(1));
  core.join_all();
  const Ask whole{.gpus = 8, .time_limit = Seconds(20 * 3600)};
  const JobId first = core.running(whole);
  core.pass(Seconds(20));
  core.end_all(first);
  (void)core.running(whole);
  const JobId next = core.submit(whole);
  const Estimates estimates = estimates_of(core);
  REQUIRE(estimates.find(next) != nullptr);
  CHECK(estimates.find(next)->start - core.now < Seconds(120));
}

TEST_CASE("Jobs that run on and on are not forgotten beside those that ended soon") {
  EstimateLengths lengths;
  const Seconds limit(6'400);
  for (int i = 0; i < 100; ++i) lengths.learn(Seconds(64), limit);
  lengths.fit();
  const Seconds by_ends = lengths.expected(limit, Seconds(0), {});
  for (int i = 0; i < 300; ++i) lengths.note_running(Seconds(3'200), limit);
  lengths.fit();
  CHECK(lengths.expected(limit, Seconds(0), {}) > 3 * by_ends);
}

}  // namespace
}  // namespace usine
