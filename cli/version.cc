// `usine version`: this program's, and the cluster's where there is one.
#include "cli/client.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace usine::cli {

CommandResult run_version(const Words& words) {
  Options options("usine version [--json]",
                  "Prints the version of this program and, where a cluster is found, of its "
                  "scheduler.",
                  "usine version");
  options.flag("json", "print one JSON document").finds_cluster();
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  Result<proto::ClusterInfo> cluster = fail(ErrorCode::kUnavailable, "");
  if (auto client = connect((*given)->target())) cluster = client->get_cluster();
  if ((*given)->flag("json")) {
    print_json(
        {{"version", USINE_VERSION}, {"cluster", cluster ? to_json(*cluster) : Json(nullptr)}});
    return kExitDone;
  }
  print("usine " USINE_VERSION "\n");
  if (cluster) {
    print("cluster " + cluster->name() + " (" + cluster->uuid() + "), scheduler " +
          cluster->version() + ", " + std::to_string(cluster->nodes_up()) + " of " +
          std::to_string(cluster->nodes()) + " nodes up, " +
          std::to_string(cluster->jobs_running()) + " jobs running, " +
          std::to_string(cluster->jobs_waiting()) + " waiting\n");
  }
  return kExitDone;
}

}  // namespace usine::cli
