#include "scheduler/queue/priority.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "scheduler/queue/queue.h"
#include "tests/support/cluster_builder.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::request_for;

Job job_of(std::uint64_t id, const JobRequest& request, Millis submitted = {}) {
  Job job;
  job.id = JobId{id};
  job.submitted = Time{submitted};
  job.eligible_since = job.submitted;
  job.request = std::make_shared<const JobRequest>(request);
  return job;
}

ClusterConfig weighted() {
  ClusterConfig config = cluster_of(2);
  config.priority.per_gpu = Millis{1000};
  config.priority.share = Millis{100'000};
  config.priority.length_milli = 500;
  config.priority.length_max = Seconds{5000};
  config.projects = {{"big", {}, 3, {}}, {"small", {}, 1, {}}};
  config.qos.resize(2);
  config.qos[1].head_start = Millis{60'000};
  config.partitions[0].head_start = Millis{7000};
  return config;
}

TEST_CASE("a rank is the time of eligibility and length less every head start") {
  JobRequest request = request_for({.nodes = 2, .gpus = 4, .time_limit = Seconds{100}});
  request.project = "big";
  request.priority = 2;
  Job job = job_of(1, request, Millis{1'000'000});
  job.qos = QosId{1};
  const RankFactors factors = rank_factors(job, weighted());
  CHECK(factors.since == Time{Millis{1'000'000}});
  CHECK(factors.length == Millis{50'000});
  CHECK(factors.priority == Millis{2 * 3'600'000});
  CHECK(factors.size == Millis{8000});
  CHECK(factors.share == Millis{75'000});
  CHECK(factors.qos == Millis{60'000});
  CHECK(factors.partition == Millis{7000});
  CHECK(factors.rank_ms() == 1'000'000 + 50'000 - 7'200'000 - 8000 - 75'000 - 60'000 - 7000);
}

TEST_CASE("of a job's length no more counts than the cap") {
  const Job lengthy = job_of(1, request_for({.time_limit = Seconds{90'000}}));
  CHECK(rank_factors(lengthy, weighted()).length == Millis{2'500'000});
}

TEST_CASE("each time that a job's length doubles from a minute on it goes later by the same") {
  ClusterConfig config = cluster_of(2);
  config.priority.length_doubling = Seconds{100};
  config.priority.length_max = Seconds{960};
  const auto setback = [&](std::int64_t seconds) {
    const Job job = job_of(1, request_for({.time_limit = Seconds{seconds}}));
    return rank_factors(job, config).length;
  };
  CHECK(setback(1) == Millis{0});
  CHECK(setback(60) == Millis{0});
  CHECK(setback(90) == Seconds{50});
  CHECK(setback(120) == Seconds{100});
  CHECK(setback(480) == Seconds{300});
  CHECK(setback(960) == Seconds{400});
  CHECK(setback(100'000) == Seconds{400});
}

TEST_CASE("a job's length is what its script took where that is known and shorter than its limit") {
  Job job = job_of(1, request_for({.time_limit = Seconds{100}}));
  job.expected_run = Seconds{10};
  CHECK(rank_factors(job, weighted()).length == Millis{5000});
  job.expected_run = Seconds{1000};
  CHECK(rank_factors(job, weighted()).length == Millis{50'000});
  ClusterConfig by_limit = weighted();
  by_limit.priority.length_learned = false;
  job.expected_run = Seconds{10};
  CHECK(rank_factors(job, by_limit).length == Millis{50'000});
}

TEST_CASE("without weights the order is that of submission whatever jobs ask for") {
  const ClusterConfig config = cluster_of(2);
  const Job small = job_of(2, request_for({.gpus = 1}), Millis{10});
  const Job large =
      job_of(1, request_for({.nodes = 2, .gpus = 8, .time_limit = Seconds{9}}), Millis{11});
  CHECK(rank_of(small, config) < rank_of(large, config));
}

TEST_CASE("[B21] a job that became eligible late stands behind those that waited meanwhile") {
  const ClusterConfig config = cluster_of(2);
  Job dependent = job_of(1, request_for({}), Millis{0});
  dependent.eligible_since = Time{Millis{500}};
  const Job waiting = job_of(2, request_for({}), Millis{300});
  CHECK(rank_of(waiting, config) < rank_of(dependent, config));
}

TEST_CASE("[B64] equal ranks go by submission and then by id") {
  const ClusterConfig config = cluster_of(2);
  Job first = job_of(9, request_for({}), Millis{100});
  Job second = job_of(3, request_for({}), Millis{200});
  const Job third = job_of(4, request_for({}), Millis{200});
  first.eligible_since = second.eligible_since = Time{Millis{200}};
  CHECK(rank_of(first, config) < rank_of(second, config));
  CHECK(rank_of(second, config) < rank_of(third, config));
}

// A slow and obvious order: by what each job's priority would be at that time.
TEST_CASE("at every later time the order by age plus head starts is the order of the ranks") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&random](int bound) { return static_cast<int>(random() % bound); };
  const ClusterConfig config = weighted();
  std::vector<std::pair<RankKey, RankFactors>> jobs;
  for (std::uint64_t id = 1; id <= 50; ++id) {
    JobRequest request = request_for(
        {.gpus = static_cast<std::uint32_t>(below(9)), .time_limit = Seconds{1 + below(10'000)}});
    request.priority = below(5) - 2;
    request.project = below(2) == 0 ? "big" : "small";
    Job job = job_of(id, request, Millis{below(1'000'000)});
    job.qos = QosId{static_cast<std::uint32_t>(below(2))};
    jobs.emplace_back(rank_of(job, config), rank_factors(job, config));
  }
  std::ranges::sort(jobs, {}, [](const auto& one) { return one.first; });
  for (const Millis later : {Millis{2'000'000}, Millis{900'000'000}}) {
    std::vector<std::int64_t> priorities;
    for (const auto& [rank, f] : jobs) {
      const Millis age = Time{later} - f.since;
      const Millis sum = age + f.priority + f.size + f.share + f.qos + f.partition - f.length;
      priorities.push_back(sum.count());
    }
    CHECK(std::ranges::is_sorted(priorities, std::greater{}));
  }
}

TEST_CASE("a job whose rank changes takes its new place in the queue and keeps its class") {
  const ClusterConfig config = cluster_of(2);
  Queue queue;
  Job one = job_of(1, request_for({}), Millis{1});
  const Job two = job_of(2, request_for({}), Millis{2});
  queue.put(one, {.rank = rank_of(one, config)});
  queue.put(two, {.rank = rank_of(two, config)});
  one.eligible_since = Time{Millis{3}};
  queue.put(one, {.rank = rank_of(one, config)});
  CHECK(queue.entries().begin()->job() == two.id);
  CHECK(queue.entries().size() == 2);
  queue.remove(one.id);
  CHECK(queue.entries().size() == 1);
  CHECK(queue.class_bound() == 1);
}

}  // namespace
}  // namespace usine
