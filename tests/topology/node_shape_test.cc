#include "topology/node_shape.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

// Two NUMA domains of two cores with two threads each; four GPUs, each pair on one domain.
NodeShape small_node() {
  NodeShape shape;
  shape.name = "small";
  shape.packages = 2;
  shape.numa_nodes = {{0, 0, 1000}, {1, 1, 1000}};
  shape.cores = {{0, 0, {0, 4}}, {0, 0, {1, 5}}, {1, 1, {2, 6}}, {1, 1, {3, 7}}};
  shape.gpus = {{"0000:01:00.0", "A", 0, 0},
                {"0000:02:00.0", "A", 0, 0},
                {"0000:81:00.0", "A", 0, 1},
                {"0000:82:00.0", "A", 0, 1}};
  shape.nics = {{"mlx5_0", "0000:03:00.0", 0}, {"mlx5_1", "0000:83:00.0", 1}};
  shape.gpu_links_mbps = {0, 9, 1, 2, 9, 0, 3, 4, 1, 3, 0, 8, 2, 4, 8, 0};
  return shape;
}

}  // namespace

TEST_CASE("a shape counts its memory and threads and names the cores of a NUMA domain") {
  NodeShape shape = small_node();
  CHECK(shape.memory_mib() == 2000);
  CHECK(shape.pus() == 8);
  CHECK(shape.cores_of_numa(1).to_string() == "2-3");
  CHECK(shape.gpu_link_mbps(1, 3) == 4);
  shape.numa_nodes.push_back({2, kUnknownPlace, 500, true});
  CHECK(shape.memory_mib() == 2000);
  shape.gpu_links_mbps.clear();
  CHECK(shape.gpu_link_mbps(1, 3) == 0);
}

TEST_CASE("keeping the first GPUs keeps the links between them") {
  const NodeShape kept = keep_first_gpus(small_node(), 2);
  CHECK(kept.gpus.size() == 2);
  CHECK(kept.gpu_links_mbps == std::vector<std::uint32_t>{0, 9, 9, 0});
  CHECK(keep_first_gpus(small_node(), 9) == small_node());
  CHECK(keep_first_gpus(small_node(), 0).gpu_links_mbps.empty());
}

TEST_CASE("[B59] what a node lacks against its class is named device by device") {
  const NodeShape expected = small_node();
  CHECK(missing_from(expected, expected).empty());

  NodeShape fewer = small_node();
  fewer.gpus.erase(fewer.gpus.begin() + 1);
  fewer.gpus.erase(fewer.gpus.begin() + 2);
  CHECK(missing_from(expected, fewer) ==
        std::vector<std::string>{"2 of 4 GPUs (0000:02:00.0, 0000:82:00.0 missing)"});

  NodeShape worn = small_node();
  worn.nics.pop_back();
  worn.cores.pop_back();
  worn.numa_nodes[0].memory_mib = 900;
  CHECK(missing_from(expected, worn) == std::vector<std::string>{"1 of 2 NICs (mlx5_1 missing)",
                                                                 "3 of 4 cores",
                                                                 "1.9 GiB of 2 GiB memory"});
}

TEST_CASE("[B59] a GPU in another slot counts as missing and unknown slots are only counted") {
  const NodeShape expected = small_node();
  NodeShape moved = small_node();
  moved.gpus[0].bus_id = "0000:09:00.0";
  CHECK(missing_from(expected, moved) ==
        std::vector<std::string>{"3 of 4 GPUs (0000:01:00.0 missing)"});
  moved.gpus[0].bus_id = "";
  CHECK(missing_from(expected, moved).empty());
  moved.gpus.pop_back();
  CHECK(missing_from(expected, moved) == std::vector<std::string>{"3 of 4 GPUs"});
}

TEST_CASE("[B59] GPUs keep the places that the class gives them and a lost one leaves a hole") {
  const NodeShape expected = small_node();
  NodeShape found = small_node();
  std::swap(found.gpus[0], found.gpus[3]);  // the driver counts otherwise
  found.gpus.erase(found.gpus.begin() + 1);
  found.gpus.push_back({"0000:c1:00.0", "B", 0, 1});  // and one more than the class has
  found.gpu_links_mbps = {0, 8, 2, 7, 8, 0, 1, 6, 2, 1, 0, 5, 7, 6, 5, 0};
  const NodeShape placed = at_places_of(expected, found);
  REQUIRE(placed.gpus.size() == 5);
  CHECK(placed.present_gpus().to_string() == "0,2-4");
  CHECK(placed.gpus[1].bus_id == "0000:02:00.0");
  CHECK(placed.gpus[1].missing);
  CHECK(placed.gpus[3].bus_id == "0000:82:00.0");
  CHECK(placed.gpus[4].model == "B");
  CHECK(placed.gpu_link_mbps(0, 3) == 2);
  CHECK(placed.gpu_link_mbps(2, 3) == 8);
  CHECK(placed.gpu_link_mbps(1, 3) == 0);
  CHECK(placed.faults().empty());
  CHECK(at_places_of(expected, expected) == expected);

  NodeShape unknown = found;
  unknown.gpus[0].bus_id.clear();
  CHECK(at_places_of(expected, unknown) == unknown);
}

TEST_CASE("memory that the kernel keeps for itself is not missing") {
  const NodeShape expected = small_node();
  NodeShape booted = small_node();
  booted.numa_nodes[0].memory_mib = 965;  // 1.75 % less in all
  CHECK(missing_from(expected, booted).empty());
  NodeShape more = small_node();
  more.cores.push_back({1, 1, {8}});
  CHECK(missing_from(expected, more).empty());
}

TEST_CASE("a shape that breaks its own rules says which") {
  CHECK(small_node().faults().empty());
  NodeShape lost = small_node();
  lost.gpus[2].numa = 7;
  lost.gpu_links_mbps.pop_back();
  CHECK(lost.faults() == std::vector<std::string>{"GPU 2 lies in NUMA domain 7, and there are 2",
                                                  "a link table of 15 entries for 4 GPUs"});
  NodeShape large = small_node();
  large.cores.resize(513);
  CHECK(large.faults() == std::vector<std::string>{"513 cores; a node can have at most 512"});
  CHECK(NodeShape{}.faults() == std::vector<std::string>{"no core"});
}
