#include "topology/discovery/nccl_shape.h"

#include <doctest/doctest.h>

#include "tests/support/data.h"
#include "tests/support/skip.h"
#include "topology/discovery/machine.h"

using namespace usine;
using namespace usine::discovery;

TEST_CASE("an NCCL topology file gives domains and devices and the switches between them") {
  const Result<NodeShape> shape = shape_from_nccl_text(R"(<system version="1">
  <cpu numaid="1" affinity="f0">
    <pci busid="0000:81:00.0" class="0x060400">
      <pci busid="0000:82:00.0" class="0x030200"><gpu dev="1" sm="90">
        <nvlink target="0000:05:00.0" count="18" tclass="0x068000"/></gpu></pci>
      <pci busid="0000:83:00.0" class="0x020700"><nic><net name="mlx5_1" dev="0"/></nic></pci>
    </pci>
  </cpu>
  <cpu numaid="0" affinity="00000000,0000000f">
    <pci busid="0000:02:00.0" class="0x030200"><gpu dev="0" sm="90">
      <nvlink target="0000:05:00.0" count="12" tclass="0x068000"/></gpu></pci>
  </cpu>
</system>)",
                                                       "dir/node.xml");
  REQUIRE_MESSAGE(shape.has_value(), shape.error().message);
  CHECK(shape->name == "node");
  CHECK(shape->numa_nodes.size() == 2);
  CHECK(shape->cores.size() == 8);
  CHECK(shape->cores[4] == CoreShape{1, 1, {4}});
  CHECK(shape->gpus == std::vector<GpuShape>{{"0000:02:00.0", "", 0, 0, kUnknownPlace},
                                             {"0000:82:00.0", "", 0, 1, 0}});
  CHECK(shape->nics == std::vector<NicShape>{{"mlx5_1", "0000:83:00.0", 1, 0}});
  CHECK(shape->gpu_link_mbps(0, 1) == 300'000);
}

TEST_CASE("NCCL files that tell of no node are refused with one line") {
  CHECK(shape_from_nccl_text("<system><cpu numaid=\"0\"/></system>", "n.xml").error().message ==
        "n.xml: tells of no processors (cpu elements without affinity), so no node can be made of "
        "it");
  CHECK(
      shape_from_nccl_text("<system><cpu>", "n.xml").error().message.starts_with("n.xml:1: not "));
  CHECK(shape_from_nccl_text("<a/>", "n.xml").error().message.contains("not an NCCL topology"));
}

TEST_CASE("recorded NCCL files of clouds and of AMD boxes load") {
  const auto folder = test::find_data("nccl-topo");
  if (!folder) USINE_SKIP("no recorded NCCL topologies here (USINE_DATA)");
  const Result<NodeShape> azure = load_machine((*folder / "ndv5-topo.xml").string());
  REQUIRE(azure.has_value());
  CHECK(azure->gpus.size() == 8);
  CHECK(azure->nics.size() == 8);
  CHECK(azure->gpus[3].pci_switch == azure->nics[3].pci_switch);
  CHECK(azure->gpu_links_mbps.empty());
  const Result<NodeShape> aws = load_machine((*folder / "p4d-24xl-topo.xml").string());
  REQUIRE(aws.has_value());
  CHECK(aws->gpus.size() == 8);
  CHECK(aws->nics.size() == 4);
  const Result<NodeShape> mi200 = load_machine((*folder / "rccl-topo_8p_90a.xml").string());
  REQUIRE(mi200.has_value());
  CHECK(mi200->gpus.size() == 8);
  CHECK(mi200->gpu_link_mbps(0, 1) == 50'000);
  CHECK(mi200->gpu_link_mbps(0, 7) == 0);
}
