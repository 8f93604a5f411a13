#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "scheduler/core/decide.h"
#include "tests/support/cluster_builder.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::request_for;

// A cluster of partition "main" (8 GPUs a node) with projects and QOS, each with limits.
ClusterConfig limited() {
  ClusterConfig config = cluster_of(4);
  config.user_limits.jobs = 6;
  config.partitions[0].limits.together.nodes = 10;
  config.partitions[0].limits.per_user.nodes = 7;
  config.qos.resize(2);
  config.qos[0] = {"normal", {}, {}, {}, {}, true};
  config.qos[1].name = "urgent";
  config.qos[1].limits.together.gpus = 16;
  config.qos[1].limits.per_user.gpus = 9;
  config.projects = {{"climate", {"ada", "bob"}, 1, {}}};
  config.projects[0].limits.together.jobs = 3;
  config.projects[0].limits.per_user.jobs = 2;
  return config;
}

Job job_of(const Ask& ask, QosId qos = {}) {
  JobRequest request = request_for(ask);
  request.project = "climate";
  Job job;
  job.qos = qos;
  job.request = std::make_shared<const JobRequest>(std::move(request));
  return job;
}

RunningLimits fresh(const ClusterConfig& config) {
  RunningLimits limits;
  limits.reset(std::make_shared<const ClusterConfig>(config));
  return limits;
}

TEST_CASE("[B68] a limit that is reached names its group with the limit and what is in use") {
  RunningLimits limits = fresh(limited());
  const LimitUse use = limits.use_of(job_of({.gpus = 8}, QosId{1}));
  CHECK_FALSE(limits.blocked(use));
  limits.take(use);
  const auto hit = limits.blocked(use);
  REQUIRE(hit);
  const Reason reason = limits.reason_of(*hit);
  CHECK(reason == Reason{ReasonKind::kGpusLimit, 8, 8, 9, "user ada in QOS urgent"});
  CHECK(describe(reason) ==
        "user ada in QOS urgent uses 8 of at most 9 GPUs at once, and this job adds 8");
  limits.give_back(use);
  CHECK_FALSE(limits.blocked(use));
}

TEST_CASE("each kind of group bounds the jobs that count in it and no others") {
  RunningLimits limits = fresh(limited());
  const LimitUse ada = limits.use_of(job_of({.user = "ada"}));
  const LimitUse bob = limits.use_of(job_of({.user = "bob"}));
  limits.take(ada);
  limits.take(ada);
  CHECK(limits.reason_of(*limits.blocked(ada)).text == "user ada in project climate");
  CHECK_FALSE(limits.blocked(bob));
  limits.take(bob);
  CHECK(limits.reason_of(*limits.blocked(bob)).text == "project climate");
  Job elsewhere = job_of({.nodes = 4});
  auto request = std::make_shared<JobRequest>(*elsewhere.request);
  request->project = "other";
  elsewhere.request = request;
  const LimitUse large = limits.use_of(elsewhere);
  CHECK_FALSE(limits.blocked(large));
  limits.take(large);
  CHECK(limits.reason_of(*limits.blocked(large)).text == "partition main");
}

TEST_CASE("whole nodes count with all the GPUs that a node of the partition has") {
  RunningLimits limits = fresh(limited());
  Job job = job_of({.nodes = 2}, QosId{1});
  auto request = std::make_shared<JobRequest>(*job.request);
  request->components[0].exclusive = true;
  job.request = request;
  CHECK(limits.use_of(job).amounts == Amounts{1, 16, 2});
  CHECK(limits.never(limits.use_of(job))->limit == 9);
}

TEST_CASE("a limit on GPUs does not bind jobs without any") {
  ClusterConfig config = limited();
  config.qos[1].limits.together.gpus = 0;
  RunningLimits limits = fresh(config);
  CHECK_FALSE(limits.blocked(limits.use_of(job_of({}, QosId{1}))));
  CHECK(limits.blocked(limits.use_of(job_of({.gpus = 1}, QosId{1}))));
}

// Against sums over a list of what runs, made anew for each question.
TEST_CASE("[B69] random starts and ends never exceed a limit and none is refused without one") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  RunningLimits limits = fresh(limited());
  std::vector<Job> running;
  const auto sum = [&running](const auto& counts, const auto& amount) {
    std::int64_t total = 0;
    for (const Job& one : running) total += counts(one) ? amount(one) : 0;
    return total;
  };
  const auto one_job = [](const Job&) { return std::int64_t{1}; };
  const auto nodes = [](const Job& job) { return std::int64_t{job.request->total_nodes()}; };
  const auto gpus = [](const Job& job) {
    return static_cast<std::int64_t>(job.request->total_gpus());
  };
  for (int step = 0; step < 2000; ++step) {
    if (!running.empty() && random() % 3 == 0) {
      const auto leaving = running.begin() + static_cast<std::ptrdiff_t>(random() % running.size());
      limits.give_back(limits.use_of(*leaving));
      running.erase(leaving);
      continue;
    }
    const std::string user = random() % 2 == 0 ? "ada" : "bob";
    const Job job = job_of({.nodes = 1 + static_cast<std::uint32_t>(random() % 3),
                            .gpus = static_cast<std::uint32_t>(random() % 4),
                            .user = user},
                           QosId{static_cast<std::uint32_t>(random() % 2)});
    const bool is_blocked = limits.blocked(limits.use_of(job)).has_value();
    running.push_back(job);
    const auto all = [](const Job&) { return true; };
    const auto same_user = [&](const Job& one) { return one.request->user == user; };
    const auto urgent = [](const Job& one) { return one.qos == QosId{1}; };
    const auto both = [&](const Job& one) { return same_user(one) && urgent(one); };
    const bool adds_gpus = job.qos == QosId{1} && job.request->total_gpus() > 0;
    const bool exceeds = sum(all, nodes) > 10 || sum(same_user, nodes) > 7 ||
                         sum(all, one_job) > 3 || sum(same_user, one_job) > 2 ||
                         (adds_gpus && (sum(urgent, gpus) > 16 || sum(both, gpus) > 9));
    CHECK(is_blocked == exceeds);
    if (is_blocked) {
      running.pop_back();
    } else {
      limits.take(limits.use_of(job));
    }
  }
}

}  // namespace
}  // namespace usine
