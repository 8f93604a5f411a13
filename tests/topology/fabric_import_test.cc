#include "topology/discovery/fabric_import.h"

#include <doctest/doctest.h>

#include "tests/support/data.h"
#include "tests/support/skip.h"

using namespace usine;
using namespace usine::discovery;

namespace {

constexpr const char* kNoData = "no recorded fabrics here (USINE_DATA)";

// "leaf1(rack1): n1 n2" for each leaf.
std::vector<std::string> leaves_of(const ImportedFabric& imported) {
  std::vector<std::string> lines;
  const std::vector<Domain>& domains = imported.fabric.domains;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (domains[i].kind != DomainKind::kLeaf) continue;
    std::string line = domains[i].name + '(' + domains[domains[i].parent.value].name + "):";
    for (const ImportedNode& node : imported.nodes) {
      if (node.leaf.value == i) line += ' ' + node.name;
    }
    lines.push_back(line);
  }
  return lines;
}

std::size_t count(const ImportedFabric& imported, DomainKind kind) {
  std::size_t total = 0;
  for (const Domain& domain : imported.fabric.domains) total += domain.kind == kind ? 1 : 0;
  return total;
}

}  // namespace

TEST_CASE("the switches of topology.conf become site and cells and racks and leaves") {
  const auto imported = fabric_from_slurm_conf(R"(# comment
SwitchName=top Switches=c[1-2] LinkSpeed=100
SwitchName=c1 Switches=r1
SwitchName=c2 Switches=l3
SwitchName=r1 Switches=l[1-2]   # two leaves
SwitchName=l1 Nodes=n[1-2]
switchname=l2 nodes=n3
SwitchName=l3 Nodes=n[4-5]
)",
                                               "t.conf");
  REQUIRE_MESSAGE(imported.has_value(), imported.error().message);
  CHECK(leaves_of(*imported) ==
        std::vector<std::string>{"l1(r1): n1 n2", "l2(r1): n3", "l3(c2): n4 n5"});
  CHECK(imported->fabric.domains[0] == Domain{"top", DomainKind::kSite, DomainId{0}});
  CHECK(imported->fabric.domains[1].kind == DomainKind::kCell);
  CHECK(imported->fabric.domains[2].kind == DomainKind::kRack);
  CHECK(imported->fabric.faults().empty());
}

TEST_CASE("trees without a common top are put under one site") {
  const auto imported =
      fabric_from_slurm_conf("SwitchName=site Nodes=a\nSwitchName=b Nodes=b\n", "t.conf");
  REQUIRE(imported.has_value());
  CHECK(leaves_of(*imported) == std::vector<std::string>{"site(site_): a", "b(site_): b"});
}

TEST_CASE("blocks are racks with one leaf each") {
  const auto imported = fabric_from_slurm_conf(
      "BlockName=b1 Nodes=n[1-2]\nBlockName=b2 Nodes=n[3-4]\nBlockSizes=2,4\n", "t.conf");
  REQUIRE_MESSAGE(imported.has_value(), imported.error().message);
  CHECK(leaves_of(*imported) ==
        std::vector<std::string>{"b1-leaf(b1): n1 n2", "b2-leaf(b2): n3 n4"});
  CHECK(count(*imported, DomainKind::kRack) == 2);
}

TEST_CASE("topology.yaml gives the tree that is the default of the cluster") {
  const auto imported = fabric_from_slurm_yaml(R"(- topology: blocks
  block: {block_sizes: [2], blocks: [{block: b1, nodes: "n[1-2]"}]}
- topology: tree
  cluster_default: true
  tree:
    switches:
      - {switch: top, children: "l[1-2]"}
      - {switch: l1, nodes: n1}
      - {switch: l2, nodes: n2}
)",
                                               "t.yaml");
  REQUIRE_MESSAGE(imported.has_value(), imported.error().message);
  CHECK(leaves_of(*imported) == std::vector<std::string>{"l1(top): n1", "l2(top): n2"});
}

TEST_CASE("a fabric that makes no tree is refused with file and line") {
  const auto refusal = [](const std::string& text) {
    const auto imported = fabric_from_slurm_conf(text, "t.conf");
    REQUIRE_FALSE(imported.has_value());
    return imported.error().message;
  };
  CHECK(refusal("SwitchName=a Switches=b\n") == "t.conf:1: there is no switch 'b'");
  CHECK(refusal("SwitchName=a Nodes=n1\nSwitchName=b Nodes=n1\n") ==
        "t.conf:2: node 'n1' hangs on two switches");
  CHECK(refusal("SwitchName=a Switches=c\nSwitchName=b Switches=c\nSwitchName=c Nodes=n\n") ==
        "t.conf:2: 'c' hangs on two switches");
  CHECK(refusal("SwitchName=a Switches=b\nSwitchName=b Switches=a\n") ==
        "t.conf:1: 'a' is its own ancestor");
  CHECK(refusal("SwitchName=a Nodes=n1 Switches=b\nSwitchName=b Nodes=n2\n") ==
        "t.conf:1: 'a' needs nodes or switches below it, and not both");
  CHECK(refusal("SwitchName=a Node=n1\n") ==
        "t.conf:1: unknown word 'Node=n1' in Slurm's topology");
  CHECK(refusal("SwitchName=a Nodes=n[1-\n").starts_with("t.conf:1: "));
  CHECK(refusal("# nothing\n") == "t.conf: names no switch and no block");
  CHECK(refusal("SwitchName=a Switches=b\nSwitchName=b Switches=c\nSwitchName=c Switches=d\n"
                "SwitchName=d Switches=e\nSwitchName=e Nodes=n\n") ==
        "t.conf: has 4 levels of switches over the leaves; a fabric has at most 3: rack, cell and "
        "site");
}

TEST_CASE("nodes wired by rails hang on one leaf of several switches") {
  const std::string listing = R"(switchguid=0x1(1)
Switch	65 "S-01"	# "MF0;A-LEAF-1-1:MQM9701/U1" enhanced port 0 lid 73 lmc 0
[1]	"H-11"[1](11) 	# "n1 mlx5_0" lid 1 4xNDR
[2]	"H-12"[1](12) 	# "n2 mlx5_0" lid 2 4xNDR
[9]	"S-05"[1]	# "MF0;SPINE-1:MQM9701/U1" lid 9 4xNDR

switchguid=0x2(2)
Switch	65 "S-02"	# "MF0;A-LEAF-1-2:MQM9701/U1" enhanced port 0 lid 74 lmc 0
[1]	"H-21"[1](21) 	# "n1 mlx5_1" lid 3 4xNDR
[2]	"H-22"[1](22) 	# "MT4129 ConnectX7   Mellanox Technologies" lid 4 4xNDR
[9]	"S-05"[2]	# "MF0;SPINE-1:MQM9701/U1" lid 9 4xNDR

switchguid=0x3(3)
Switch	65 "S-03"	# "MF0;A-LEAF-2-1:MQM9701/U1" enhanced port 0 lid 75 lmc 0
[1]	"H-31"[1](31) 	# "n3 mlx5_0" lid 5 4xNDR
[9]	"S-05"[3]	# "MF0;SPINE-1:MQM9701/U1" lid 9 4xNDR
)";
  const auto imported = fabric_from_ibnetdiscover(listing, "ib.out");
  REQUIRE_MESSAGE(imported.has_value(), imported.error().message);
  CHECK(leaves_of(*imported) ==
        std::vector<std::string>{"A-LEAF-1(site): n1 n2", "A-LEAF-2-1(site): n3"});
  CHECK(imported->remarks ==
        std::vector<std::string>{"wired by rails: up to 2 switches make one leaf",
                                 "1 ports lead to adapters that name no host; left out"});
  CHECK(
      fabric_from_ibnetdiscover("caguid=0x1\nCa	1 \"H-1\"	# \"n1 mlx5_0\"\n", "ib.out")
          .error()
          .message == "ib.out: lists no switch, so it is no fabric");
}

TEST_CASE("recorded fabrics are imported or refused with one line") {
  const auto folder = test::find_data("fabric");
  if (!folder) USINE_SKIP(kNoData);
  const auto dgx = load_fabric((*folder / "dgx-ndr-ibnetdiscover.out").string());
  REQUIRE(dgx.has_value());
  CHECK(count(*dgx, DomainKind::kLeaf) == 8);
  CHECK(count(*dgx, DomainKind::kCell) == 0);  // all rail groups meet in the same spines
  CHECK(dgx->nodes.size() == 120);
  const auto small = load_fabric((*folder / "superbench-ibnetdiscover.txt").string());
  REQUIRE(small.has_value());
  CHECK(count(*small, DomainKind::kLeaf) == 5);
  CHECK(count(*small, DomainKind::kCell) == 2);
  CHECK_FALSE(load_fabric((*folder / "ibnetdiscover-bad.out").string()).has_value());
  CHECK_FALSE(load_fabric((*folder / "README.md").string()).has_value());
}

TEST_CASE("recorded topology.conf files are imported whole") {
  const auto folder = test::find_data("slurm-conf");
  if (!folder) USINE_SKIP(kNoData);
  const auto large = load_fabric((*folder / "slurm-test133-1-topology.conf").string());
  REQUIRE(large.has_value());
  CHECK(large->nodes.size() == 10'000);
  CHECK(count(*large, DomainKind::kLeaf) == 500);
  CHECK(count(*large, DomainKind::kRack) == 26);
  CHECK(count(*large, DomainKind::kCell) == 2);
  const auto site = load_fabric((*folder / "ub-hpc-topology.conf").string());
  REQUIRE(site.has_value());
  CHECK(site->nodes.size() == 234);
  CHECK(count(*site, DomainKind::kLeaf) == 3);
}
