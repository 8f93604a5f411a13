// The policy `easy` of the production planner against a small implementation of its own.
#include <cstdio>
#include <filesystem>
#include <optional>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "sim/guessed_limits.h"
#include "sim/offered_load.h"
#include "sim/replay.h"
#include "sim/small_cluster.h"
#include "tests/sim/reference_easy.h"
#include "tests/support/data.h"
#include "tests/support/skip.h"

namespace usine::sim {
namespace {

std::vector<ReferenceJob> reference_of(const std::vector<TraceJob>& trace) {
  std::vector<ReferenceJob> jobs;
  for (const TraceJob& job : trace) {
    const Seconds limit = *job.limit;
    jobs.push_back({job.submit - trace.front().submit, std::min<Millis>(*job.run, limit), limit,
                    job.cpus.value_or(1)});
  }
  return jobs;
}

// As `easy`, by passes that follow events and look only at what those can have changed.
ReplayPolicy easy_by_events() {
  ReplayPolicy policy = *find_policy("easy");
  policy.limits.full_pass_every = Millis::max() / 2;
  return policy;
}

// Job by job; says where they part.
void check_agreement(const std::shared_ptr<const ClusterConfig>& cluster,
                     const std::vector<TraceJob>& trace, std::uint32_t processors,
                     const ReplayPolicy& policy = *find_policy("easy")) {
  const auto report = replay(cluster, trace, {policy});
  REQUIRE(report);
  CHECK(report->refused == 0);
  const auto starts = reference_easy(reference_of(trace), processors, cluster->timings.kill_wait);
  // The earliest difference is the cause of later ones.
  std::optional<std::size_t> parted;
  Millis when = Millis::max();
  for (std::size_t i = 0; i < trace.size(); ++i) {
    REQUIRE(report->starts[i]);
    const Millis earlier = std::min(*report->starts[i], starts[i]);
    if (*report->starts[i] == starts[i] || earlier >= when) continue;
    parted = i;
    when = earlier;
  }
  if (!parted) return;
  CAPTURE(*parted);
  CHECK(*report->starts[*parted] == starts[*parted]);
}

std::string unpacked(const std::filesystem::path& path) {
  const std::string command = "gzip -dc '" + path.string() + "'";
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char part[1 << 16];
  while (const std::size_t size = std::fread(part, 1, sizeof part, pipe)) text.append(part, size);
  CHECK(pclose(pipe) == 0);
  return text;
}

// A machine of one node, so that nothing hangs on places.
std::shared_ptr<const ClusterConfig> one_node(std::uint32_t processors) {
  return make_cluster({.nodes = 1, .nodes_per_leaf = 1, .cores = processors, .gpus = 0});
}

// As many nodes of one core on one leaf: all places are alike.
std::shared_ptr<const ClusterConfig> like_nodes(std::uint32_t processors) {
  return make_cluster({.nodes = processors, .nodes_per_leaf = processors, .cores = 1, .gpus = 0});
}

std::vector<TraceJob> random_trace(std::uint64_t seed, std::uint32_t processors) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };
  std::vector<TraceJob> trace;
  Seconds now{0};
  const std::uint64_t jobs = 20 + below(100);
  for (std::uint64_t i = 0; i < jobs; ++i) {
    TraceJob job;
    now += Seconds(static_cast<std::int64_t>(below(4) == 0 ? below(400) : below(30)));
    job.submit = now;
    const Seconds run(static_cast<std::int64_t>(1 + below(300)));
    job.run = run;
    job.limit = run + Seconds(static_cast<std::int64_t>(1 + below(below(2) == 0 ? 5 : 900)));
    job.cpus = static_cast<std::uint32_t>(1 + below(below(3) == 0 ? processors : 4));
    job.user = "u";
    trace.push_back(std::move(job));
  }
  return trace;
}

TEST_CASE("The policy easy starts every job of random lists when plain EASY does") {
  const std::uint64_t first = std::random_device{}();
  MESSAGE("first seed " << first);
  for (std::uint64_t seed = first; seed < first + 60; ++seed) {
    CAPTURE(seed);
    check_agreement(one_node(16), random_trace(seed, 16), 16);
  }
}

TEST_CASE("Passes that follow events start every job of random lists when plain EASY does") {
  const std::uint64_t first = std::random_device{}();
  MESSAGE("first seed " << first);
  for (std::uint64_t seed = first; seed < first + 60; ++seed) {
    CAPTURE(seed);
    check_agreement(one_node(16), random_trace(seed, 16), 16, easy_by_events());
  }
}

// The first jobs of a list, none of which needs more processors than the machine has.
std::vector<TraceJob> recorded(const std::filesystem::path& path, std::size_t jobs) {
  auto trace = parse_trace(unpacked(path));
  REQUIRE(trace);
  trace->resize(std::min(jobs, trace->size()));
  guess_limits(*trace, 1);
  return *std::move(trace);
}

TEST_CASE("The policy easy starts the jobs of a recorded list when plain EASY does") {
  const auto ipsc = test::find_data("traces/swf/NASA-iPSC-1993-3.1-cln.swf.gz");
  if (!ipsc) USINE_SKIP("the trace of NASA's iPSC is not on this machine");
  SUBCASE("on one large node") { check_agreement(one_node(128), recorded(*ipsc, 3'000), 128); }
  SUBCASE("on as many nodes as the machine had") {
    check_agreement(like_nodes(128), recorded(*ipsc, 18'239), 128);
  }
  SUBCASE("on as many nodes at twice the pace") {
    auto trace = recorded(*ipsc, 3'000);
    pace(*like_nodes(128), 0.9, trace);
    check_agreement(like_nodes(128), trace, 128);
  }
}

}  // namespace
}  // namespace usine::sim
