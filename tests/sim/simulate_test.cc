#include "tools/simulate.h"

#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"

namespace usine::tools {
namespace {

const std::string kCluster = std::string(USINE_SOURCE_DIR) + "/examples/clusters/small.yaml";
const std::string kRows =
    "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project\n"
    "0,600,900,16,2,,ann,bio\n5,60,,8,1,,bob,bio\n6,,,,,,eve,\n7,30,60,1,1,4,ann,chem\n";

std::string written(const test::TempFolder& folder, const std::string& text) {
  const std::string path = folder / "trace.csv";
  std::ofstream(path) << text;
  return path;
}

TEST_CASE("A job list is replayed on a cluster file with a digest that is the same twice") {
  const test::TempFolder folder;
  const SimulateFiles files{kCluster, written(folder, kRows)};
  const auto first = simulate(files);
  REQUIRE_MESSAGE(first, first.error().message);
  CHECK(first->jobs == 3);
  CHECK(first->skipped == 1);
  CHECK(first->digest.size() == 64);
  CHECK(simulate(files)->digest == first->digest);
}

TEST_CASE("The report names its figures in JSON") {
  const test::TempFolder folder;
  const auto report = simulate({kCluster, written(folder, kRows)});
  REQUIRE(report);
  const nlohmann::ordered_json json = to_json(*report);
  CHECK(json.at("digest") == report->digest);
  CHECK(json.at("jobs") == 3);
  for (const char* const figure : {"wait_s", "bounded_slowdown"}) {
    for (const char* const part : {"mean", "p50", "p95", "p99"}) {
      CHECK(json.at(figure).at(part).is_number());
    }
  }
  CHECK(json.at("utilisation").get<double>() > 0);
  CHECK(to_text(*report).find("3 jobs in") == 0);
}

TEST_CASE("A file that cannot be read or understood is refused with its name") {
  const test::TempFolder folder;
  const auto missing = simulate({kCluster, folder / "none.csv"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("none.csv") != std::string::npos);
  const auto packed = simulate({kCluster, written(folder, "\x1f\x8b\x08")});
  REQUIRE_FALSE(packed);
  CHECK(packed.error().message.find("gunzip") != std::string::npos);
  CHECK_FALSE(simulate({folder / "none.yaml", written(folder, kRows)}));
  const auto text = simulate({kCluster, written(folder, "hello\n")});
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find("trace.csv: line 1") != std::string::npos);
}

}  // namespace
}  // namespace usine::tools
