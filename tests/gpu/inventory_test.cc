#include "model/inventory.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

NodeShape two_gpu_node() {
  NodeShape shape;
  shape.packages = 2;
  shape.numa_nodes = {{0, 0, 1000}, {8, 1, 1000}};
  shape.cores = {{0, 0, {0}}, {1, 1, {1}}};
  shape.gpus = {{"0000:01:00.0", "", 0, 0, 4}, {"0000:81:00.0", "", 0, 1, 5}};
  return shape;
}

GpuDevice device(const std::string& bus_id) {
  GpuDevice gpu;
  gpu.bus_id = bus_id;
  gpu.model = "Model";
  gpu.memory_mib = 4096;
  return gpu;
}

}  // namespace

TEST_CASE("bus ids of the driver and of the kernel become one form") {
  CHECK(normal_bus_id("00000000:1B:00.0") == "0000:1b:00.0");
  CHECK(normal_bus_id("0009:01:00.0") == "0009:01:00.0");
  CHECK(normal_bus_id("00010000:01:00.0") == "00010000:01:00.0");
  CHECK(normal_bus_id("") == "");
}

TEST_CASE("what the driver knows of a GPU is added to where it hangs in the driver's order") {
  NodeShape shape = two_gpu_node();
  GpuDevice added = device("0000:99:00.0");
  added.numa_os_index = 8;
  add_gpus(shape, {device("0000:81:00.0"), device("0000:01:00.0"), added});
  REQUIRE(shape.gpus.size() == 3);
  CHECK(shape.gpus[0] == GpuShape{"0000:81:00.0", "Model", 4096, 1, 5});
  CHECK(shape.gpus[1] == GpuShape{"0000:01:00.0", "Model", 4096, 0, 4});
  CHECK(shape.gpus[2] == GpuShape{"0000:99:00.0", "Model", 4096, 1, kUnknownPlace});
  CHECK(shape.gpu_links_mbps.empty());
}

TEST_CASE("[B59] a failed GPU is not in the inventory and so is found missing") {
  const NodeShape expected = two_gpu_node();
  NodeShape found = two_gpu_node();
  GpuDevice failed = device("0000:81:00.0");
  failed.health = GpuHealth::kFailed;
  add_gpus(found, {device("0000:01:00.0"), failed});
  CHECK(missing_from(expected, found) ==
        std::vector<std::string>{"1 of 2 GPUs (0000:81:00.0 missing)"});
}

TEST_CASE("links follow the GPUs into the driver's order") {
  NodeShape shape = two_gpu_node();
  shape.gpu_links_mbps = {0, 7, 7, 0};
  add_gpus(shape, {device("0000:99:00.0"), device("0000:81:00.0"), device("0000:01:00.0")});
  CHECK(shape.gpu_links_mbps == std::vector<std::uint32_t>{0, 0, 0, 0, 0, 7, 0, 7, 0});

  NodeShape measured = two_gpu_node();
  GpuDevice first = device("0000:01:00.0");
  first.links = {{"0000:81:00.0", 50'000}};
  GpuDevice second = device("0000:81:00.0");
  second.links = {{"0000:01:00.0", 50'000}};
  add_gpus(measured, {first, second});
  CHECK(measured.gpu_links_mbps == std::vector<std::uint32_t>{0, 50'000, 50'000, 0});
}

TEST_CASE("without a driver the shape stays as it is") {
  NodeShape shape = two_gpu_node();
  add_gpus(shape, {});
  CHECK(shape == two_gpu_node());
}

TEST_CASE("the emulated devices of a shape put back into it change nothing") {
  NodeShape shape = two_gpu_node();
  shape.gpus[0].model = "Model";
  shape.gpus[1].model = "Model";
  shape.gpu_links_mbps = {0, 7, 7, 0};
  const std::vector<GpuDevice> devices = emulated_gpus(shape);
  REQUIRE(devices.size() == 2);
  CHECK(devices[1].minor == 1);
  CHECK(devices[1].numa_os_index == 8);
  NodeShape again = shape;
  add_gpus(again, devices);
  CHECK(again == shape);
}
