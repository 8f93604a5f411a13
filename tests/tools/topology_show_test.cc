#include "tools/topology_show.h"

#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/data.h"
#include "tests/support/skip.h"

using namespace usine;
using Json = nlohmann::ordered_json;

namespace {

NodeShape shape_of(const std::string& name) {
  const Result<NodeShape> shape = tools::load_shape(name);
  REQUIRE_MESSAGE(shape.has_value(), shape.error().message);
  return *shape;
}

}  // namespace

TEST_CASE("a machine is drawn as packages and NUMA domains with the devices that hang on them") {
  CHECK(tools::draw(keep_first_gpus(shape_of("dgx-h100"), 5), 0) ==
        R"(dgx-h100
  2 packages, 2 NUMA domains, 112 cores, 224 hardware threads, 2 TiB
  5 GPUs (NVIDIA H100 80GB HBM3, 79.6 GiB each), 8 NICs

package 0
└─ NUMA 0  56 cores, 1 TiB, cpus 0-55,112-167
   ├─ GPU 0  0000:1b:00.0   NIC mlx5_0  0000:18:00.0
   ├─ GPU 1  0000:43:00.0   NIC mlx5_1  0000:40:00.0
   ├─ GPU 2  0000:52:00.0   NIC mlx5_2  0000:4f:00.0
   └─ GPU 3  0000:61:00.0   NIC mlx5_3  0000:5e:00.0
package 1
└─ NUMA 1  56 cores, 1 TiB, cpus 56-111,168-223
   ├─ GPU 4  0000:9d:00.0   NIC mlx5_4  0000:9a:00.0
   ├─ NIC mlx5_5  0000:c0:00.0
   ├─ NIC mlx5_6  0000:ce:00.0
   └─ NIC mlx5_7  0000:dc:00.0

Links between GPUs: 450 GB/s each way between any two
)");
}

TEST_CASE("links that differ are drawn as a table") {
  const std::string drawing = tools::draw(shape_of("lumi-g"), 0);
  CHECK(drawing.contains(R"(
Links between GPUs, GB/s each way (-: over PCIe or host memory only)
           0     1     2     3     4     5     6     7
     0         200    50     -     -     -   100     -
     1   200           -    50     -    50     -     -
)"));
}

TEST_CASE("lines are cut at the width in characters and not in bytes") {
  const std::string drawing = tools::draw(shape_of("dgx-h100"), 16);
  CHECK(drawing.starts_with("dgx-h100\n  2 packages, 2…\n"));
  CHECK(drawing.contains("\n   ├─ GPU 0  00…\n"));
}

TEST_CASE("memory of GPUs and places that are not known have their own lines") {
  NodeShape shape = shape_of("gh200");
  shape.numa_nodes[7].package = kUnknownPlace;
  shape.nics[0].numa = kUnknownPlace;
  const std::string drawing = tools::draw(shape, 0);
  CHECK(drawing.contains("└─ NUMA 4  95 GiB of GPU memory\npackage 1\n"));
  CHECK(
      drawing.contains("on no package\n├─ NUMA 7  95 GiB of GPU memory\n"
                       "└─ NIC mlx5_0  0000:01:00.0\n"));
}

TEST_CASE("the JSON of a machine has the keys that scripts rely on") {
  const Json document = tools::to_json(shape_of("dgx-h100"));
  CHECK(document["packages"] == 2);
  CHECK(document["numa_nodes"] == 2);
  CHECK(document["cores"] == 112);
  CHECK(document["pus"] == 224);
  REQUIRE(document["gpus"].size() == 8);
  const Json& gpu = document["gpus"][4];
  CHECK(gpu["bus_id"] == "0000:9d:00.0");
  CHECK(gpu["model"] == "NVIDIA H100 80GB HBM3");
  CHECK(gpu["numa"] == 1);
  CHECK(gpu["cpus"] == "56-111,168-223");
  CHECK(document["nics"].size() == 8);
  CHECK(document["nics"][0]["name"] == "mlx5_0");
  CHECK(document["gpu_links"].size() == 28);
  CHECK(document["gpu_links"][0] == Json{{"gpus", {0, 1}}, {"mb_per_s", 450'000}});
}

TEST_CASE("what is unknown is null in JSON and never a made-up number") {
  NodeShape shape = shape_of("gb200-nvl72");
  shape.gpus[0].numa = kUnknownPlace;
  shape.gpus[0].memory_mib = 0;
  shape.gpu_links_mbps.clear();
  const Json document = tools::to_json(shape);
  CHECK(document["gpus"][0]["numa"].is_null());
  CHECK(document["gpus"][0]["memory_mib"].is_null());
  CHECK(document["gpus"][0]["pci_switch"].is_null());
  CHECK(document["gpus"][0]["cpus"] == "0-143");
  CHECK(document["gpu_links"].empty());
}

TEST_CASE("every recorded topology is shown or refused with one clear line") {
  for (const char* folder : {"hwloc", "nccl-topo"}) {
    const auto path = test::find_data(folder);
    if (!path) USINE_SKIP("no recorded topologies here (USINE_DATA)");
    for (const auto& entry : std::filesystem::directory_iterator(*path)) {
      if (entry.path().extension() != ".xml") continue;
      CAPTURE(entry.path().string());
      const Result<NodeShape> shape = tools::load_shape(entry.path().string());
      if (!shape) {
        const std::string file = entry.path().filename().string();
        CHECK((file.contains("hwloc3-format") || file == "g5.48xl-topo.xml"));
        CHECK(shape.error().message.starts_with(entry.path().string() + ": "));
        CHECK_FALSE(shape.error().message.contains('\n'));
        continue;
      }
      CHECK(tools::draw(*shape, 0).contains(shape->name));
      CHECK(tools::to_json(*shape)["gpus"].size() == shape->gpus.size());
    }
  }
}
