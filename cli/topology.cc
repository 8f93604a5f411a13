// `usine topology show FILE`: a node's shape, as a drawing or as JSON. `usine topology import
// FILE`: a site's description of its fabric as a cluster file.
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "tools/topology_import.h"
#include "tools/topology_show.h"

namespace usine::cli {
namespace {

CommandResult show(const std::string& file, bool as_json) {
  const auto shape = tools::load_shape(file);
  // A file that is not a topology is refused, which is no wrong use of the command.
  if (!shape) return fail(ErrorCode::kRefused, shape.error().message);
  if (as_json) {
    print_json(tools::to_json(*shape));
  } else {
    print(tools::draw(*shape, terminal_width()));
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
  Options options("usine topology show FILE|MACHINE [--json] | import FILE [--like MACHINE]",
                  "Shows the packages, memory, cores, GPUs and NICs of a node: of an hwloc XML, an "
                  "NCCL XML or a machine file, or of a machine that Usine ships. Or prints a "
                  "fabric, from Slurm's topology.conf or .yaml or from ibnetdiscover, as a cluster "
                  "file.",
                  "usine topology show dgx-h100");
  options.flag("json", "show: print one JSON document")
      .value("like", "MACHINE", "import: what each node is (default dgx-h100)")
      .takes_words(2, 2, "show or import and a file");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const std::string& verb = (*given)->words()[0];
  const std::string& file = (*given)->words()[1];
  if (verb == "show") return show(file, (*given)->flag("json"));
  if (verb == "import") return print_imported(file, (*given)->value("like").value_or("dgx-h100"));
  return fail(ErrorCode::kInvalid, "'" + verb + "' cannot be done: say show or import");
}

}  // namespace usine::cli
