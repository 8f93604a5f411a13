#include "scheduler/placement/node_share.h"

#include <doctest/doctest.h>

#include "scheduler/placement/demand.h"
#include "tests/support/cluster_builder.h"

namespace usine {
namespace {

using test::gpu_node_shape;

GpuSet gpus(std::initializer_list<std::size_t> indexes) {
  GpuSet set;
  for (const std::size_t index : indexes) set.insert(index);
  return set;
}

void link(NodeShape& shape, std::size_t a, std::size_t b, std::uint32_t mbps) {
  shape.gpu_links_mbps[a * shape.gpus.size() + b] = mbps;
  shape.gpu_links_mbps[b * shape.gpus.size() + a] = mbps;
}

TEST_CASE("[B54] four of eight GPUs come from the group with the best links") {
  NodeShape shape = gpu_node_shape();
  shape.gpu_links_mbps.assign(64, 0);
  for (const std::size_t a : {1, 3, 4, 6}) {
    for (const std::size_t b : {1, 3, 4, 6}) {
      if (a != b) link(shape, a, b, 50'000);
    }
  }
  link(shape, 0, 2, 100'000);  // one fast pair is not a group of four
  CHECK(choose_gpus(GpuSet::first(8), ShapeTable(shape), 4) == gpus({1, 3, 4, 6}));
  CHECK(choose_gpus(GpuSet::first(8), ShapeTable(shape), 2) == gpus({0, 2}));
}

TEST_CASE("[B54] where links are equal the four GPUs cores and NICs are on one NUMA side") {
  const NodeShape shape = gpu_node_shape();
  const GpuSet free = gpus({1, 2, 4, 5, 6, 7});
  const GpuSet chosen = choose_gpus(free, ShapeTable(shape), 4);
  CHECK(chosen == gpus({4, 5, 6, 7}));
  const CoreSet cores = choose_cores(CoreSet::first(16), ShapeTable(shape), chosen, 4);
  CHECK(shape.cores_of_numa(1).includes(cores));
  CHECK(choose_nics(ShapeTable(shape), chosen, cores).to_string() == "4-7");
}

TEST_CASE("[B55] GPUs on both sockets get cores on both") {
  const NodeShape shape = gpu_node_shape();
  const CoreSet cores = choose_cores(CoreSet::first(16), ShapeTable(shape), GpuSet::first(8), 8);
  CHECK((cores & shape.cores_of_numa(0)).count() == 4);
  CHECK((cores & shape.cores_of_numa(1)).count() == 4);
}

TEST_CASE("cores beside a GPU come from elsewhere only when its own side has too few") {
  const NodeShape shape = gpu_node_shape();
  const CoreSet cores = choose_cores(CoreSet::first(16), ShapeTable(shape), gpus({0}), 10);
  CHECK(cores.count() == 10);
  CHECK(cores.includes(shape.cores_of_numa(0)));
}

TEST_CASE("without GPUs the fullest NUMA domain that holds the cores is taken") {
  const NodeShape shape = gpu_node_shape();
  CoreSet free = CoreSet::first(16);
  free.erase(8);
  CHECK(shape.cores_of_numa(1).includes(choose_cores(free, ShapeTable(shape), {}, 4)));
  CHECK(choose_cores(free, ShapeTable(shape), {}, 12).count() == 12);
}

TEST_CASE("[B57] what is chosen is always free and as much as asked for") {
  const NodeShape shape = gpu_node_shape();
  for (std::size_t held = 0; held < 256; ++held) {
    GpuSet free;
    for (std::size_t i = 0; i < 8; ++i) {
      if (((held >> i) & 1) == 0) free.insert(i);
    }
    for (std::size_t count = 1; count <= free.count(); ++count) {
      const GpuSet chosen = choose_gpus(free, ShapeTable(shape), count);
      REQUIRE(chosen.count() == count);
      REQUIRE(free.includes(chosen));
    }
  }
}

TEST_CASE("a GPU type is honoured on a node with several") {
  NodeShape shape = gpu_node_shape(16, 4);
  shape.gpus[1].model = shape.gpus[3].model = "NVIDIA A100-SXM4-40GB";
  NodeFree free;
  free.cores = CoreSet::first(16);
  free.gpus = GpuSet::first(4);
  free.core_count = 16;
  free.gpu_count = 4;
  free.memory_mib = shape.memory_mib();
  free.takes_work = true;
  Component component;
  component.per_node.gpus = 2;
  component.per_node.gpu_type = "a100";
  CHECK(choose_share(free, ShapeTable(shape), component).gpus == gpus({1, 3}));
  component.per_node.gpus = 3;
  CHECK_FALSE(share_fits(free, ShapeTable(shape), component));
}

}  // namespace
}  // namespace usine
