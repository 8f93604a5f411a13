#include "tools/simulate.h"

#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"
#include "tools/simulate_policy.h"
#include "tools/simulate_report.h"
#include "tools/simulate_views.h"

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

SimulateSettings settings_for(const std::string& trace) {
  SimulateSettings settings;
  settings.cluster = kCluster;
  settings.trace = trace;
  return settings;
}

TEST_CASE("A job list is replayed on a cluster file with a digest that is the same twice") {
  const test::TempFolder folder;
  const SimulateSettings settings = settings_for(written(folder, kRows));
  const auto first = simulate(settings);
  REQUIRE_MESSAGE(first, first.error().message);
  REQUIRE(first->runs.size() == 1);
  const sim::ReplayReport& report = first->runs.front().report;
  CHECK(report.policy == "usine");
  CHECK(report.figures.jobs == 3);
  CHECK(report.skipped == 1);
  CHECK(report.digest.size() == 64);
  CHECK(simulate(settings)->runs.front().report.digest == report.digest);
}

TEST_CASE("Several policies stand side by side in text and in JSON") {
  const test::TempFolder folder;
  SimulateSettings settings = settings_for(written(folder, kRows));
  settings.policies = {"easy", "usine", "conservative"};
  const auto simulated = simulate(settings);
  REQUIRE(simulated);
  const nlohmann::ordered_json json = to_json(*simulated);
  CHECK(json.at("policy") == "easy");
  CHECK(json.at("digest") == simulated->runs.front().report.digest);
  CHECK(json.at("jobs") == 3);
  REQUIRE(json.at("policies").size() == 3);
  for (const auto& one : json.at("policies")) {
    for (const char* const figure : {"wait_s", "bounded_slowdown"}) {
      for (const char* const part : {"mean", "p50", "p95", "p99"}) {
        CHECK(one.at(figure).at(part).is_number());
      }
    }
    CHECK(one.at("utilisation").get<double>() > 0);
    CHECK(one.at("utilisation_over_time").size() == sim::Metrics::kPeriods);
    CHECK(one.at("fragmentation").is_number());
    CHECK(one.at("leaves").at("over_least_mean").is_number());
    CHECK(one.at("sizes").at(0).at("wait_max_s").is_number());
    CHECK(one.at("jobs_per_s").is_number());
  }
  const std::string text = to_text(*simulated);
  CHECK(text.find("conservative") != std::string::npos);
  CHECK(text.find("longest wait, s, size 9-64") != std::string::npos);
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("The report is one page with a drawing of each kind and nothing from elsewhere") {
  const test::TempFolder folder;
  SimulateSettings settings = settings_for(written(folder, kRows));
  settings.policies = {"easy", "usine"};
  const auto simulated = simulate(settings);
  REQUIRE(simulated);
  const std::string page = to_html(*simulated);
  CHECK(count_of(page, "<svg") == 3);
  CHECK(page.find("easy") != std::string::npos);
  CHECK(page.find("http") == std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
}

TEST_CASE("Where estimates were scored the report draws how many came true and what waits were") {
  const test::TempFolder folder;
  std::string rows = "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project\n";
  for (int i = 0; i < 300; ++i) {
    rows += std::to_string(i * 60) + "," + std::to_string(1'500 + i * 131 % 3'000) + ",7200," +
            std::to_string(1 + i % 9) + ",1,,ann,bio\n";
  }
  SimulateSettings settings = settings_for(written(folder, rows));
  settings.policies = {"easy", "usine"};
  settings.estimates_every = Seconds(600);
  const auto simulated = simulate(settings);
  REQUIRE_MESSAGE(simulated, simulated.error().message);
  const std::string page = to_html(*simulated);
  CHECK(count_of(page, "<svg") == 5);
  CHECK(page.find("% of the real starts inside the range") != std::string::npos);
  CHECK(page.find(" estimates</title>") != std::string::npos);
  // A median with its two percentiles for each policy, and the line of what would be exact.
  CHECK(count_of(page, "line s0 edge") == 2);
  CHECK(count_of(page, "line s1 edge") == 2);
  CHECK(count_of(page, "ideal'") == 1);
  CHECK(page.find("http") == std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
  const nlohmann::ordered_json waits = to_json(*simulated).at("estimates").at("waits");
  REQUIRE_FALSE(waits.empty());
  std::uint64_t estimates = 0;
  for (const auto& one : waits) {
    estimates += one.at("estimates").get<std::uint64_t>();
    CHECK(one.at("real_s").at("p10").get<double>() <= one.at("real_s").at("p90").get<double>());
  }
  CHECK(estimates == simulated->runs.front().report.estimates->all.estimates);
}

TEST_CASE("A policy file starts from a policy and changes what it says") {
  const test::TempFolder folder;
  const std::string path = folder / "mine.yaml";
  std::ofstream(path) << "policy: mine\nlike: easy\nprotected_jobs: 7\nlength_weight: 0.25\n";
  const auto policy = read_policy(path);
  REQUIRE_MESSAGE(policy, policy.error().message);
  CHECK(policy->name == "mine");
  CHECK(policy->protected_jobs == 7);
  REQUIRE(policy->priority);
  CHECK(policy->priority->length_milli == 250);
  std::ofstream(path) << "policy: mine\nprotectd_jobs: 7\n";
  const auto wrong = read_policy(path);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("mine.yaml:2") != std::string::npos);
  const auto unknown = read_policy("eazy");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("conservative") != std::string::npos);
}

TEST_CASE("A trace gets a cluster of the size that gives the load it was asked for") {
  const test::TempFolder folder;
  std::string rows = "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project\n";
  for (int i = 0; i <= 100; ++i) rows += std::to_string(i * 10) + ",400,500,8,1,,ann,bio\n";
  SimulateSettings settings = settings_for(written(folder, rows));
  settings.offered_load = 0.5;
  const auto simulated = simulate(settings);
  REQUIRE_MESSAGE(simulated, simulated.error().message);
  // 101 jobs of 8 GPUs for 400 s in 1,000 s keep 40.4 nodes of eight busy.
  CHECK(simulated->nodes == 81);
  CHECK(simulated->load.share == doctest::Approx(0.5).epsilon(0.01));
  CHECK(simulated->paced == 1);
}

TEST_CASE("A trace whose widest job needs more nodes than its load is paced") {
  const test::TempFolder folder;
  const std::string head = "submit_s,run_s,limit_s,gpus,nodes,cpus,user,project\n";
  SimulateSettings settings =
      settings_for(written(folder, head + "0,10,20,160,20,,a,\n1000,10,20,1,1,,a,\n"));
  settings.offered_load = 0.5;
  const auto simulated = simulate(settings);
  REQUIRE(simulated);
  CHECK(simulated->nodes == 20);
  CHECK(simulated->paced < 0.1);
  CHECK(simulated->load.share == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("Jobs without a limit are given one that users might have asked for") {
  const test::TempFolder folder;
  SimulateSettings settings = settings_for(written(folder, kRows));
  CHECK(simulate(settings)->limits_guessed == 1);
  settings.exact_limits = true;
  CHECK(simulate(settings)->limits_guessed == 0);
}

TEST_CASE("A file that cannot be read or understood is refused with its name") {
  const test::TempFolder folder;
  const auto missing = simulate(settings_for(folder / "none.csv"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("none.csv") != std::string::npos);
  const auto packed = simulate(settings_for(written(folder, "\x1f\x8b\x08")));
  REQUIRE_FALSE(packed);
  CHECK(packed.error().message.find("gunzip") != std::string::npos);
  SimulateSettings settings = settings_for(written(folder, kRows));
  settings.cluster = folder / "none.yaml";
  CHECK_FALSE(simulate(settings));
  const auto text = simulate(settings_for(written(folder, "hello\n")));
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find("trace.csv: line 1") != std::string::npos);
  settings = settings_for("");
  settings.workload = "none";
  CHECK(simulate(settings).error().code == ErrorCode::kNotFound);
}

}  // namespace
}  // namespace usine::tools
