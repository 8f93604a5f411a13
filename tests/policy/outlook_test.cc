#include "scheduler/policy/outlook.h"

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

std::optional<Time> start_of(const CoreDriver& core, JobId job) {
  return Outlook(core.state, core.now).start_of(core.job(job), core.now);
}

// When a job that runs must have left its nodes.
Time end_of(const CoreDriver& core, JobId job) {
  return latest_end(core.job(job), *core.state.config);
}

TEST_CASE("a job starts when those that run have left room and those ahead have had theirs") {
  CoreDriver core;  // 4 nodes of 8 GPUs
  core.join_all();
  const JobId running = core.running({.nodes = 4, .gpus = 8, .time_limit = Seconds{3600}});
  const JobId first = core.submit(Ask{.nodes = 3, .gpus = 8, .time_limit = Seconds{3600}});
  core.now += Seconds{1};
  const JobId beside = core.submit(Ask{.nodes = 1, .gpus = 8, .time_limit = Seconds{3600}});
  core.now += Seconds{1};
  const JobId last = core.submit(Ask{.nodes = 2, .gpus = 8, .time_limit = Seconds{3600}});
  const Millis kill_wait = core.state.config->timings.kill_wait;
  CHECK(start_of(core, first) == end_of(core, running));
  CHECK(start_of(core, beside) == end_of(core, running));
  CHECK(start_of(core, last) == end_of(core, running) + Seconds{3600} + kill_wait);
}

TEST_CASE("[B69] a job at a limit of its user starts when one that counts in it has ended") {
  ClusterConfig config = cluster_of(4);
  config.user_limits.jobs = 1;
  CoreDriver core(std::move(config));
  core.join_all();
  const JobId running = core.running({.gpus = 1, .time_limit = Seconds{3600}});
  const JobId next = core.submit(Ask{.gpus = 1, .time_limit = Seconds{600}});
  core.now += Seconds{1};
  const JobId after = core.submit(Ask{.gpus = 1, .time_limit = Seconds{600}});
  CHECK(start_of(core, next) == end_of(core, running));
  CHECK(*start_of(core, after) >= end_of(core, running) + Seconds{600});
  const JobId others = core.submit(Ask{.gpus = 1, .user = "bob"});
  CHECK(start_of(core, others) == core.now);
}

TEST_CASE("what is asked of an outlook leaves it as it was") {
  ClusterConfig config = cluster_of(4);
  config.user_limits.jobs = 2;
  CoreDriver core(std::move(config));
  core.join_all();
  core.running({.nodes = 3, .gpus = 8});
  core.running({.nodes = 1, .gpus = 4});
  std::vector<JobId> jobs;
  for (int i = 0; i < 5; ++i) {
    core.now += Seconds{1};
    jobs.push_back(core.submit(Ask{.nodes = 1 + static_cast<std::uint32_t>(i) % 3, .gpus = 8}));
  }
  Outlook outlook(core.state, core.now);
  std::vector<std::optional<Time>> starts;
  for (const JobId job : jobs) starts.push_back(outlook.start_of(core.job(job), core.now));
  const auto submitted = outlook.submitted(core.job(jobs[0]).request, core.now);
  REQUIRE(submitted);
  CHECK(outlook.state().jobs.empty());
  for (std::size_t i = jobs.size(); i-- > 0;) {
    CHECK(outlook.start_of(core.job(jobs[i]), core.now) == starts[i]);
  }
}

TEST_CASE("a job whose nodes are down has no start by time alone") {
  CoreDriver core;
  core.hello("node001");
  const JobId job = core.submit(Ask{.nodes = 2, .gpus = 8});
  CHECK_FALSE(start_of(core, job).has_value());
}

TEST_CASE("[B48] a job that wants few switches starts elsewhere once it has waited long enough") {
  CoreDriver core(cluster_of(4, 2));
  core.join_all();
  JobRequest other = request_for({.gpus = 8, .time_limit = Seconds{7200}});
  other.components[0].only_nodes = {"node001"};
  core.submit(other);
  core.plan();
  other.components[0].only_nodes = {"node003"};
  core.submit(other);
  core.plan();
  JobRequest request = request_for({.nodes = 2, .gpus = 8});
  request.components[0].topology.switches_max = 1;
  request.components[0].topology.switches_wait = Seconds{300};
  const JobId job = core.submit(request);
  CHECK(start_of(core, job) == core.now + Seconds{300});
}

}  // namespace
}  // namespace usine
