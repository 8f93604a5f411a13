// The benchmarks' names and the keys of their JSON are interface: each is run small, and its
// figures are looked at for being there, never for their size.
#include <cstdio>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace usine::bench {
namespace {

// The document that a benchmark prints; null where it failed.
nlohmann::json run(const std::string& command) {
  std::FILE* const pipe =
      popen((std::string(USINE_BIN_DIR) + '/' + command + " --json 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, size);
  }
  if (pclose(pipe) != 0) return nullptr;
  return nlohmann::json::parse(output, nullptr, false);
}

bool is_positive(const nlohmann::json& figure) { return figure.is_number() && figure > 0.0; }

bool has_spread(const nlohmann::json& document, const char* key) {
  return is_positive(document[key]["p50"]) && is_positive(document[key]["p99"]);
}

}  // namespace

TEST_CASE("bench-launch prints how long jobs and steps take to start") {
  const nlohmann::json document = run("bench-launch --nodes 2 --jobs 3 --steps 3");
  REQUIRE(document.is_object());
  CHECK(has_spread(document, "start_ms"));
  CHECK(has_spread(document, "step_ms"));
  CHECK(has_spread(document, "run_ms"));
}

TEST_CASE("bench-launch prints how long jobs take to start over agents that start no process") {
  const nlohmann::json document = run("bench-launch --nodes 40 --jobs 3 --processes none");
  REQUIRE(document.is_object());
  CHECK(has_spread(document, "start_ms"));
}

TEST_CASE("bench-jobs prints the rate of small jobs and what each costs") {
  const nlohmann::json document = run("bench-jobs --nodes 2 --jobs 20");
  REQUIRE(document.is_object());
  CHECK(is_positive(document["jobs_per_s"]));
  CHECK(is_positive(document["cpu_ms_per_job"]));
}

TEST_CASE("bench-submit prints the rate of durable submissions and their latency") {
  const nlohmann::json document = run("bench-submit --clients 2 --jobs 50");
  REQUIRE(document.is_object());
  CHECK(is_positive(document["jobs_per_s"]));
  CHECK(has_spread(document, "latency_ms"));
}

TEST_CASE("bench-queries prints the tail of queries and what they cost the planner") {
  const nlohmann::json document = run("bench-queries --rate 20 --waiting 50 --seconds 1");
  REQUIRE(document.is_object());
  CHECK(is_positive(document["p99_ms"]));
  CHECK(document["planning_slowdown"].is_number());
}

TEST_CASE("bench-agents prints what connected agents cost and how soon they are back") {
  const nlohmann::json document = run("bench-agents --agents 20 --seconds 1");
  REQUIRE(document.is_object());
  CHECK(is_positive(document["rss_mib"]));
  CHECK(document["heartbeat_core_share"].is_number());
  CHECK(is_positive(document["reconnect_s"]));
}

TEST_CASE("bench-scheduling prints what passes and placements cost") {
  const nlohmann::json document =
      run("bench-scheduling --nodes 64 --waiting 200 --rounds 2 --events 10 --placements 5");
  REQUIRE(document.is_object());
  CHECK(has_spread(document, "full_pass_ms"));
  CHECK(has_spread(document, "event_pass_ms"));
  CHECK(has_spread(document["placement_us"], "8"));
  CHECK(is_positive(document["rss_mib"]));
}

}  // namespace usine::bench
