// `usine simulate`: the production scheduler on a recorded list of jobs, in virtual time.
#include "tools/simulate.h"

#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace usine::cli {

CommandResult run_simulate(const Words& words) {
  Options options(
      "usine simulate --cluster FILE --trace FILE [--json]",
      "Runs the scheduler on a list of jobs (CSV or SWF) and says how long they waited "
      "and how busy the cluster was. The digest is the same whenever the decisions are.",
      "usine simulate --cluster cluster.yaml --trace jobs.swf --json");
  options.value("cluster", "FILE", "the cluster's configuration")
      .value("trace", "FILE", "the jobs, as CSV or in the standard workload format")
      .flag("json", "print one JSON document");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto cluster = (*given)->value("cluster");
  const auto trace = (*given)->value("trace");
  if (!cluster || !trace) {
    return fail(ErrorCode::kInvalid, "--cluster FILE and --trace FILE are both needed");
  }
  const auto report = tools::simulate({*cluster, *trace});
  if (!report) return fail(report.error());
  if ((*given)->flag("json")) {
    print_json(tools::to_json(*report));
  } else {
    print(tools::to_text(*report));
  }
  return kExitDone;
}

}  // namespace usine::cli
