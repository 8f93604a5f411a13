// `usine topology show FILE`: a node's shape or a cluster file's fabric, as a drawing, as JSON or
// as a picture. `usine topology import FILE`: a site's description of its fabric as a cluster file.
#include <set>

#include "cli/client.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/os/files.h"
#include "tools/fabric_show.h"
#include "tools/shape_svg.h"
#include "tools/topology_import.h"
#include "tools/topology_show.h"

namespace usine::cli {
namespace {

CommandResult write_picture(const std::string& path, const std::string& svg) {
  if (Status written = os::write_file(path, svg); !written) return fail(written.error());
  return kExitDone;
}

CommandResult show_machine(const Given& given, const std::string& file) {
  const auto shape = tools::load_shape(file);
  // A file that is not a topology is refused, which is no wrong use of the command.
  if (!shape) return fail(ErrorCode::kRefused, shape.error().message);
  if (const auto path = given.value("svg")) return write_picture(*path, tools::draw_svg(*shape));
  if (given.flag("json")) {
    print_json(tools::to_json(*shape));
  } else {
    print(tools::draw(*shape, terminal_width()));
  }
  return kExitDone;
}

// The nodes that are up and wholly free, as the scheduler has it.
Result<std::set<std::string>> idle_nodes(const Given& given) {
  auto client = connect(given.target());
  if (!client) return fail(client.error());
  const auto reply = client->list_nodes({});
  if (!reply) return fail(reply.error());
  std::set<std::string> idle;
  for (const proto::NodeInfo& node : reply->nodes()) {
    if (node.state() == "up" && node.jobs().empty()) idle.insert(node.name());
  }
  return idle;
}

CommandResult show_cluster(const Given& given, const std::string& file) {
  const auto config = tools::load_cluster(file);
  if (!config) return fail(ErrorCode::kRefused, config.error().message);
  const bool live = given.flag("now");
  std::optional<std::set<std::string>> idle;
  if (live) {
    auto found = idle_nodes(given);
    if (!found) return fail(found.error());
    idle = *std::move(found);
  }
  const tools::FabricSums sums = tools::sum_up(*config, idle);
  if (const auto path = given.value("svg")) {
    return write_picture(*path, tools::draw_svg(*config, sums, live));
  }
  if (given.flag("json")) {
    print_json(tools::to_json(*config, sums));
  } else {
    print(tools::draw(*config, sums, live, terminal_width()));
  }
  return kExitDone;
}

CommandResult print_imported(const std::string& file, const std::string& machine) {
  const auto yaml = tools::import_fabric(file, machine);
  if (!yaml) return fail(ErrorCode::kRefused, yaml.error().message);
  print(*yaml);
  return kExitDone;
}

}  // namespace

CommandResult run_topology(const Words& words) {
  Options options(
      "usine topology show FILE|MACHINE [--json] [--svg OUT.svg] [--now] | import FILE "
      "[--like MACHINE]",
      "Shows the packages, memory, cores, GPUs and NICs of a node: of an hwloc XML, an NCCL XML or "
      "a machine file, or of a machine that Usine ships. Of a cluster file it shows the fabric and "
      "which gangs fit at each of its levels. Or prints a fabric, from Slurm's topology.conf or "
      ".yaml or from ibnetdiscover, as a cluster file.",
      "usine topology show dgx-h100 --svg dgx.svg");
  options.flag("json", "show: print one JSON document")
      .value("svg", "OUT.svg", "show: write a picture")
      .flag("now", "show a cluster: count only nodes that are idle now")
      .value("like", "MACHINE", "import: what each node is (default dgx-h100)")
      .finds_cluster()
      .takes_words(2, 2, "show or import and a file");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const std::string& verb = (*given)->words()[0];
  const std::string& file = (*given)->words()[1];
  if (verb == "import") return print_imported(file, (*given)->value("like").value_or("dgx-h100"));
  if (verb != "show") {
    return fail(ErrorCode::kInvalid, "'" + verb + "' cannot be done: say show or import");
  }
  return tools::is_cluster_file(file) ? show_cluster(**given, file) : show_machine(**given, file);
}

}  // namespace usine::cli
