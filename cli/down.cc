// `usine down`: ends the cluster that `usine up` started, and says what it ended.
#include "cli/local_cluster.h"
#include "cli/options.h"
#include "cli/take_down.h"
#include "cli/terminal.h"

namespace usine::cli {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string take_down(const LocalCluster& cluster) {
  std::size_t agents = 0;
  for (const LocalProgram& agent : cluster.recorded_agents()) agents += end(agent) ? 1 : 0;
  // A lost pid file must not leave a program that would start jobs again.
  const std::size_t strays = end(cluster.strays());
  const std::size_t shepherds = end_jobs(cluster.shepherds());
  const bool scheduler = end(cluster.scheduler());
  if (agents == 0 && shepherds == 0 && strays == 0 && !scheduler) return "nothing was running";
  std::string text = scheduler ? "the scheduler, " : "";
  text += counted(agents, "agent");
  if (strays > 0) text += ", " + counted(strays, "program") + " without a pid file";
  if (shepherds > 0) text += " and the processes of jobs under " + counted(shepherds, "shepherd");
  return "ended " + text;
}

CommandResult run_down(const Words& words) {
  Options options("usine down [--state DIR]",
                  "Ends the scheduler, the agents and the jobs of the cluster in a state folder. "
                  "What was queued stays there for the next `usine up`; jobs that were running are "
                  "then started again where they may be.",
                  "usine down");
  options.value("state", "DIR", "state folder of the cluster (USINE_STATE)");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto folder = state_folder((*given)->value("state"));
  if (!folder) return fail(folder.error());
  print(*folder + ": " + take_down(LocalCluster(*folder)) + '\n');
  return kExitDone;
}

}  // namespace usine::cli
