// Some jobs of every recorded list, on a cluster of the size that its load asks for:
// each job comes to an end under every policy.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/data.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tools/simulate.h"

namespace usine::tools {
namespace {

struct Recorded {
  const char* cluster;  // of examples/clusters
  const char* trace;    // below traces/ of the data
};

constexpr Recorded kRecorded[] = {
    {"trace-phillips", "xdmod-phillips/normalised.csv.gz"},
    {"trace-hpc2n", "swf/hpc2n-alea-sample.swf.gz"},
    {"trace-dgx", "philly-15k/normalised.csv.gz"},
    {"trace-openb", "alibaba-openb-2023/normalised_default.csv.gz"},
    {"trace-ipsc", "swf/NASA-iPSC-1993-3.1-cln.swf.gz"},
    {"trace-ub", "ub-hpc-week/normalised.csv.gz"},
    {"trace-knl", "theta-15k/normalised.csv.gz"},
    {"trace-dgx", "philly/normalised.csv.gz"},
};

constexpr std::size_t kJobs = 150;

// Its head and jobs from all of its length, evenly far apart.
void write_sample(const std::filesystem::path& packed, const std::string& target) {
  const std::string command = "gzip -dc '" + packed.string() + "'";
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::ofstream out(target);
  std::vector<std::string> jobs;
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const bool is_head = line[0] == ';' || line[0] == 's';
    if (is_head) out << line;
    if (!is_head) jobs.emplace_back(line);
  }
  CHECK(pclose(pipe) == 0);
  REQUIRE(jobs.size() >= kJobs);
  for (std::size_t i = 0; i < kJobs; ++i) out << jobs[i * jobs.size() / kJobs];
}

TEST_CASE("Every job of a sample of each recorded list comes to an end under every policy") {
  const test::TempFolder folder;
  for (const Recorded& recorded : kRecorded) {
    CAPTURE(recorded.trace);
    const auto path = test::find_data(std::string("traces/") + recorded.trace);
    if (!path) USINE_SKIP("the recorded lists of jobs are not on this machine");
    SimulateSettings settings;
    settings.cluster =
        std::string(USINE_SOURCE_DIR "/examples/clusters/") + recorded.cluster + ".yaml";
    settings.trace = folder / "trace";
    settings.offered_load = 0.9;
    settings.policies = {"usine", "easy", "conservative"};
    write_sample(*path, settings.trace);
    const auto simulated = simulate(settings);
    REQUIRE_MESSAGE(simulated, simulated.error().message);
    for (const SimulateRun& run : simulated->runs) {
      CAPTURE(run.report.policy);
      CHECK(run.report.stuck == 0);
      CHECK(run.report.figures.jobs + run.report.refused + run.report.skipped == kJobs);
      CHECK(run.report.figures.jobs > kJobs * 9 / 10);
    }
  }
}

}  // namespace
}  // namespace usine::tools
