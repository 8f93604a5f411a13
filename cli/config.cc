// `usine config check FILE`: whether a cluster's configuration is sound, with every mistake at its
// place.
#include <cstdio>

#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "config/cluster_file.h"

namespace usine::cli {
namespace {

void print_problems_json(const discovery::Problems& problems) {
  Json list = Json::array();
  for (const discovery::Problem& problem : problems) {
    list.push_back({{"file", problem.file},
                    {"line", problem.line},
                    {"key", problem.key},
                    {"message", problem.what}});
  }
  print_json({{"ok", problems.empty()}, {"problems", list}});
}

std::string summary(const std::string& path, const ClusterConfig& cluster) {
  return path + " is sound: cluster " + cluster.name + ", " + std::to_string(cluster.nodes.size()) +
         " nodes in " + std::to_string(cluster.classes.size()) + " classes, " +
         std::to_string(cluster.partitions.size()) + " partitions\n";
}

}  // namespace

CommandResult run_config(const Words& words) {
  Options options("usine config check FILE [--json]",
                  "Reads a cluster's configuration as the scheduler would and prints every mistake "
                  "with file, line and key.",
                  "usine config check cluster.yaml");
  options.flag("json", "print one JSON document").takes_words(2, 2, "check and a file");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  if ((*given)->words()[0] != "check") {
    return fail(ErrorCode::kInvalid, "'" + (*given)->words()[0] + "' cannot be done: say check");
  }
  const std::string& path = (*given)->words()[1];
  const auto file = config::load_cluster_file(path);
  const discovery::Problems problems = file ? discovery::Problems() : file.error();
  if ((*given)->flag("json")) {
    print_problems_json(problems);
  } else if (file) {
    print(summary(path, file->cluster));
  }
  if (file) return kExitDone;
  if ((*given)->flag("json")) return kExitFailed;
  for (const discovery::Problem& problem : problems) {
    std::fprintf(stderr, "usine: %s\n", one_line(discovery::to_string(problem)).c_str());
  }
  return kExitFailed;
}

}  // namespace usine::cli
