// `usine config`: whether a cluster's configuration is sound, with every mistake at its place, and
// having a running scheduler take it.
#include <cstdio>

#include "cli/operations_client.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/units.h"
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

// What came of it: `sound` where there is no problem, else one line for each.
int report(const discovery::Problems& problems, const std::string& sound, bool json) {
  if (json) {
    print_problems_json(problems);
  } else if (problems.empty()) {
    print(sound);
  } else {
    for (const discovery::Problem& problem : problems) {
      std::fprintf(stderr, "usine: %s\n", one_line(discovery::to_string(problem)).c_str());
    }
  }
  return problems.empty() ? kExitDone : kExitFailed;
}

int check(const std::string& path, bool json) {
  const auto file = config::load_cluster_file(path);
  if (!file) return report(file.error(), {}, json);
  const ClusterConfig& cluster = file->cluster;
  const std::string sound = path + " is sound: cluster " + cluster.name + ", " +
                            counted(cluster.nodes.size(), "node") + " in " +
                            counted(cluster.classes.size(), "class", "es") + ", " +
                            counted(cluster.partitions.size(), "partition") + '\n';
  return report({}, sound, json);
}

CommandResult reload(const Given& given) {
  auto client = connect_operations(given.target());
  if (!client) return fail(client.error());
  const auto reply = client->reload_config();
  if (!reply) return fail(reply.error());
  discovery::Problems problems;
  for (const proto::ConfigProblem& one : reply->problems()) {
    problems.push_back({one.file(), one.line(), one.key(), one.message()});
  }
  const std::string taken = reply->file() + " is in force: " + counted(reply->nodes(), "node") +
                            ", " + counted(reply->partitions(), "partition") + '\n';
  return report(problems, taken, given.flag("json"));
}

}  // namespace

CommandResult run_config(const Words& words) {
  Options options(
      "usine config check FILE | reload [--json]",
      "check: reads a cluster's configuration as the scheduler would and prints every "
      "mistake with file, line and key. reload: has the running scheduler read its file "
      "anew and take all of it or, where anything is wrong, nothing; for operators.",
      "usine config check cluster.yaml && usine config reload");
  options.flag("json", "print one JSON document")
      .finds_cluster()
      .takes_words(1, 2, "check and a file, or reload");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const Words& said = (*given)->words();
  if (said[0] == "reload" && said.size() == 1) return reload(**given);
  if (said[0] == "check" && said.size() == 2) return check(said[1], (*given)->flag("json"));
  return fail(ErrorCode::kInvalid, "'" + said[0] + "' cannot be done so: say check FILE or reload");
}

}  // namespace usine::cli
