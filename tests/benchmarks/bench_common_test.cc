#include <numeric>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"

namespace usine::bench {

TEST_CASE("percentiles are values that were measured") {
  std::vector<double> samples(200);
  std::iota(samples.rbegin(), samples.rend(), 1.0);
  const Spread spread = spread_of(samples);
  CHECK(spread.p50 == 100);
  CHECK(spread.p99 == 198);
  CHECK(spread.min == 1);
  CHECK(spread.max == 200);
  CHECK(spread.samples == 200);
  CHECK(spread_of({7}).p99 == 7);
  CHECK(spread_of({}).samples == 0);
}

TEST_CASE("a report's document has machine and settings and each figure under its key") {
  Report report("bench-nothing");
  report.setting("nodes", 4);
  report.figure("jobs_per_s", 12.5);
  report.figure("start_ms", spread_of({1, 2, 3}));
  const auto document = nlohmann::json::parse(report.json());
  CHECK(document["benchmark"] == "bench-nothing");
  CHECK(document["machine"]["cores"] > 0);
  CHECK(document["settings"]["nodes"] == 4);
  CHECK(document["jobs_per_s"] == 12.5);
  CHECK(document["start_ms"]["p50"] == 2);
  CHECK(report.text().find("start_ms             p50 2  p99 3") != std::string::npos);
}

TEST_CASE("a benchmark takes its counts and refuses what it does not know") {
  const auto parse = [](std::vector<const char*> words) {
    words.insert(words.begin(), "bench");
    return parse_options(static_cast<int>(words.size()), const_cast<char**>(words.data()),
                         {{"nodes", 4}, {"jobs", 100}});
  };
  const auto options = parse({"--json", "--nodes", "16"});
  REQUIRE(options.has_value());
  CHECK(options->json);
  CHECK(options->counts.at("nodes") == 16);
  CHECK(options->counts.at("jobs") == 100);
  for (const auto& wrong : std::vector<std::vector<const char*>>{
           {"--clients", "3"}, {"nodes", "3"}, {"--nodes"}, {"--nodes", "0"}, {"--nodes", "4x"}}) {
    CHECK_FALSE(parse(wrong).has_value());
  }
}

}  // namespace usine::bench
