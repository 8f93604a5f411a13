// `usine simulate`: the production scheduler on a list of jobs, in virtual time, or on what a
// scheduler recorded.
#include "tools/simulate.h"

#include <cstdlib>
#include <fstream>

#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "tools/simulate_recorded.h"
#include "tools/simulate_report.h"
#include "tools/simulate_views.h"

namespace usine::cli {
namespace {

constexpr std::int64_t kEstimateMinutesMax = 24 * 60;
constexpr std::int64_t kJobsMax = 10'000'000;
constexpr std::int64_t kSeedMax = 1'000'000'000;

Options simulate_options() {
  Options options(
      "usine simulate --cluster FILE (--trace FILE | --workload NAME) [--policy NAME|FILE]…, or "
      "--recorded DIR",
      "Runs the scheduler on a list of jobs (CSV or SWF), or on a made-up one, and says how long "
      "they waited and how busy the cluster was, under each policy. The digest is the same "
      "whenever "
      "the decisions are. Policies: usine (the default), easy, conservative, or a file. With "
      "--recorded it decides once more what a scheduler decided, and exits with 1 where "
      "something comes out otherwise.",
      "usine simulate --cluster cluster.yaml --trace jobs.swf --policy usine --policy easy\n"
      "         usine simulate --recorded ~/.local/state/usine");
  options.value("cluster", "FILE", "the cluster's configuration")
      .value("trace", "FILE", "the jobs, as CSV or in the standard workload format")
      .value("workload", "NAME", "jobs made up from a seed instead: giga-mix")
      .value("jobs", "N", "of the workload (default 20000)")
      .value("seed", "N", "of the workload and of guessed limits (default 1)")
      .value("policy", "NAME|FILE", "may be given several times")
      .value("recorded", "DIR|FILE",
             "instead of a list: a state folder, also of a running scheduler, or its usine.db")
      .flag("from-list",
            "with --recorded: also simulate the jobs from their list alone, and say how far their "
            "starts are from the recorded ones")
      .value("write-list", "FILE.csv", "with --from-list: write that list as a trace")
      .value("offered-load", "L",
             "as many nodes like the cluster's as the trace keeps busy to this share, 0.9 for 90 "
             "%; or the load of the workload")
      .value(
          "limits", "exact|guessed",
          "of jobs without a limit: their run time, or what users would have asked for (default)")
      .value("estimates", "MINUTES",
             "estimate the start of every waiting job each so many simulated minutes, as the "
             "scheduler does, and score the estimates against the real starts")
      .value("report", "FILE.html", "write a page with tables and drawings too")
      .flag("json", "print one JSON document");
  return options;
}

Result<std::optional<double>> read_load(const Given& given) {
  const auto text = given.value("offered-load");
  if (!text) return std::nullopt;
  char* end = nullptr;
  const double load = std::strtod(text->c_str(), &end);
  if (end == text->c_str() || *end != '\0' || !(load >= 0.01 && load <= 10)) {
    return fail(ErrorCode::kInvalid,
                "--offered-load is a share from 0.01 to 10, as 0.9; found '" + *text + "'");
  }
  return load;
}

Result<tools::SimulateSettings> settings_of(const Given& given) {
  tools::SimulateSettings settings;
  settings.cluster = given.value("cluster").value_or("");
  settings.trace = given.value("trace").value_or("");
  settings.workload = given.value("workload").value_or("");
  if (settings.cluster.empty() || settings.trace.empty() == settings.workload.empty()) {
    return fail(ErrorCode::kInvalid,
                "--cluster FILE and one of --trace FILE and --workload NAME are needed, or "
                "--recorded DIR");
  }
  settings.policies = given.all("policy");
  const auto load = read_load(given);
  if (!load) return fail(load.error());
  settings.offered_load = *load;
  const auto jobs = given.number("jobs", 1, kJobsMax);
  if (!jobs) return fail(jobs.error());
  settings.jobs = static_cast<std::uint32_t>(jobs->value_or(settings.jobs));
  const auto seed = given.number("seed", 0, kSeedMax);
  if (!seed) return fail(seed.error());
  if (*seed) settings.seed = static_cast<std::uint64_t>(**seed);
  const auto minutes = given.number("estimates", 1, kEstimateMinutesMax);
  if (!minutes) return fail(minutes.error());
  settings.estimates_every = std::chrono::minutes(minutes->value_or(0));
  const std::string limits = given.value("limits").value_or("guessed");
  if (limits != "exact" && limits != "guessed") {
    return fail(ErrorCode::kInvalid, "--limits is exact or guessed; found '" + limits + "'");
  }
  settings.exact_limits = limits == "exact";
  return settings;
}

CommandResult replay_recorded(const Given& given) {
  for (const char* const other : {"cluster", "trace", "workload", "jobs", "seed", "policy",
                                  "offered-load", "limits", "report"}) {
    if (!given.value(other)) continue;
    return fail(ErrorCode::kInvalid, "--" + std::string(other) +
                                         " has no meaning with --recorded, where the journal has "
                                         "the configuration and the jobs");
  }
  tools::RecordedSettings settings;
  settings.path = *given.value("recorded");
  settings.from_list = given.flag("from-list");
  settings.list_file = given.value("write-list").value_or("");
  if (!settings.list_file.empty() && !settings.from_list) {
    return fail(ErrorCode::kInvalid, "--write-list goes with --from-list");
  }
  const auto run = tools::simulate_recorded(settings);
  if (!run) return fail(run.error());
  if (given.flag("json")) {
    print_json(tools::to_json(*run));
  } else {
    print(tools::to_text(*run));
  }
  return run->report.difference ? kExitFailed : kExitDone;
}

}  // namespace

CommandResult run_simulate(const Words& words) {
  const auto given = simulate_options().parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  if ((*given)->value("recorded")) return replay_recorded(**given);
  if ((*given)->flag("from-list") || (*given)->value("write-list")) {
    return fail(ErrorCode::kInvalid, "--from-list and --write-list go with --recorded");
  }
  const auto settings = settings_of(**given);
  if (!settings) return fail(settings.error());
  const auto simulated = tools::simulate(*settings);
  if (!simulated) return fail(simulated.error());
  if (const auto path = (*given)->value("report")) {
    std::ofstream page(*path, std::ios::binary);
    page << tools::to_html(*simulated);
    if (!page.flush()) return fail(ErrorCode::kIo, "cannot write the report to " + *path);
  }
  if ((*given)->flag("json")) {
    print_json(tools::to_json(*simulated));
  } else {
    print(tools::to_text(*simulated));
  }
  return kExitDone;
}

}  // namespace usine::cli
