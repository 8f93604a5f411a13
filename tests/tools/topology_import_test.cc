#include "tools/topology_import.h"

#include <doctest/doctest.h>

#include "config/cluster_file.h"
#include "tests/support/data.h"
#include "tests/support/skip.h"

using namespace usine;

namespace {

// Imports, writes, loads again: the fabric and each node's leaf must be what was imported.
void check_round_trip(const discovery::ImportedFabric& imported) {
  const std::string yaml = tools::cluster_yaml(imported, "gh200");
  const auto file = config::parse_cluster_file(yaml, "imported.yaml");
  if (!file) FAIL(discovery::to_string(file.error().front()));
  CHECK(file->cluster.fabric == imported.fabric);
  REQUIRE(file->cluster.nodes.size() == imported.nodes.size());
  std::map<std::string, DomainId> leaf_of;
  for (const ConfiguredNode& node : file->cluster.nodes) leaf_of[node.name] = node.leaf;
  for (const discovery::ImportedNode& node : imported.nodes) {
    CHECK(leaf_of.at(node.name) == node.leaf);
  }
}

}  // namespace

TEST_CASE("an imported fabric is a cluster file that loads") {
  const auto imported = discovery::fabric_from_slurm_conf(
      "SwitchName=top Switches=c1,l3\nSwitchName=c1 Switches=l[1-2]\nSwitchName=l1 Nodes=n[1-4]\n"
      "SwitchName=l2 Nodes=n[5-8]\nSwitchName=l3 Nodes=login\n",
      "t.conf");
  REQUIRE(imported.has_value());
  CHECK(tools::cluster_yaml(*imported, "gh200") == R"(cluster: imported
classes:
  node: {machine: "gh200"}
fabric:
  site: "top"
  children:
    - cell: "c1"
      children:
        - leaf: "l[1-2]"
    - leaf: "l3"
nodes:
  - {names: "n[1-4]", class: node, leaf: "l1"}
  - {names: "n[5-8]", class: node, leaf: "l2"}
  - {names: "login", class: node, leaf: "l3"}
)");
  check_round_trip(*imported);
  CHECK(tools::import_fabric("/no/such.conf", "gh200").error().code == ErrorCode::kNotFound);
}

TEST_CASE("recorded fabrics come through a cluster file unchanged") {
  for (const char* name :
       {"fabric/dgx-ndr-ibnetdiscover.out", "fabric/superbench-ibnetdiscover.txt",
        "slurm-conf/slurm-test133-1-topology.conf", "slurm-conf/ub-hpc-topology.conf",
        "slurm-conf/topograph-dra-block.conf"}) {
    CAPTURE(name);
    const auto path = test::find_data(name);
    if (!path) USINE_SKIP("no recorded fabrics here (USINE_DATA)");
    const auto imported = discovery::load_fabric(path->string());
    REQUIRE_MESSAGE(imported.has_value(), imported.error().message);
    check_round_trip(*imported);
  }
}
