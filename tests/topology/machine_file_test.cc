#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"
#include "topology/discovery/machine.h"

using namespace usine;
using namespace usine::discovery;

namespace {

std::vector<std::string> problems_of(const std::string& yaml) {
  Problems problems;
  static_cast<void>(parse_machine(yaml, "m.yaml", problems));
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(to_string(problem));
  return lines;
}

const std::string kSmall = R"(name: small
threads_per_core: 2
numa_nodes:
  - {package: 0, cores: 2, memory: 1G}
  - {package: 1, cores: 2, memory: 1G}
gpu: {model: Test GPU, memory: 8G}
gpus:
  - {bus_id: "0000:01:00.0", numa: 0, pci_switch: 0}
  - {bus_id: "0000:81:00.0", numa: 1, memory: 16G}
nics:
  - {name: mlx5_0, bus_id: "0000:02:00.0", numa: 0, pci_switch: 0}
gpu_links:
  - {gpus: [0, 1], gb_s: 2.5}
)";

}  // namespace

TEST_CASE("a machine file gives the shape that it describes") {
  Problems problems;
  const NodeShape shape = parse_machine(kSmall, "m.yaml", problems);
  REQUIRE(problems.empty());
  CHECK(shape.name == "small");
  CHECK(shape.packages == 2);
  CHECK(shape.cores.size() == 4);
  CHECK(shape.cores[2] == CoreShape{1, 1, {2, 6}});
  CHECK(shape.memory_mib() == 2048);
  CHECK(shape.gpus[0] == GpuShape{"0000:01:00.0", "Test GPU", 8192, 0, 0});
  CHECK(shape.gpus[1] == GpuShape{"0000:81:00.0", "Test GPU", 16384, 1, kUnknownPlace});
  CHECK(shape.nics[0] == NicShape{"mlx5_0", "0000:02:00.0", 0, 0});
  CHECK(shape.gpu_links_mbps == std::vector<std::uint32_t>{0, 2500, 2500, 0});
}

TEST_CASE("every mistake in a machine file is named with its line and key") {
  CHECK(problems_of("name: x\nnuma_nodes: [{cores: 1, memory: 1G}]\nnuma_node: 3\n") ==
        std::vector<std::string>{"m.yaml:3: unknown key 'numa_node'; did you mean 'numa_nodes'?"});
  CHECK(problems_of(R"(numa_nodes:
  - {package: 0, memory: 1G}
gpus:
  - {bus_id: "1B:00.0", numa: 4}
)") == std::vector<std::string>{
           "m.yaml:1: name: is missing", "m.yaml:1: name: no core",
           "m.yaml:1: name: GPU 0 lies in NUMA domain 4, and there are 1",
           "m.yaml:2: numa_nodes[0].cores: is missing",
           "m.yaml:4: gpus[0].bus_id: expected the form 0000:1b:00.0, found '1B:00.0'"});
}

TEST_CASE("links must name GPUs that exist and devices must not share an address") {
  CHECK(problems_of(kSmall + "  - {gpus: [0, 2], gb_s: 1}\n") ==
        std::vector<std::string>{
            "m.yaml:14: gpu_links[1].gpus: there is no GPU '2' among the 2, counted from 0",
            "m.yaml:14: gpu_links[1].gpus: expected 'all' or a list of at least two GPUs"});
  std::string shared = kSmall;
  shared.replace(shared.find("0000:02"), 7, "0000:01");
  CHECK(problems_of(shared) ==
        std::vector<std::string>{"m.yaml:11: nics[0].bus_id: two devices have the bus id "
                                 "0000:01:00.0"});
}

TEST_CASE("what is not YAML or not a mapping is refused with one line") {
  CHECK(problems_of("name: [").size() == 1);
  CHECK(problems_of("- a\n- b\n") ==
        std::vector<std::string>{
            "m.yaml:1: expected a machine file: name, numa_nodes, gpus, nics, gpu_links"});
  CHECK(problems_of("").size() == 1);
}

TEST_CASE("a machine is found by name or by path and an unknown one lists the names") {
  CHECK(load_machine("dgx-h100")->gpus.size() == 8);
  const test::TempFolder folder;
  const std::string path = (folder / "mine.yaml").string();
  std::ofstream(path) << kSmall;
  CHECK(load_machine(path)->name == "small");
  CHECK(shape_from_machine_file(path)->name == "small");

  const Result<NodeShape> unknown = load_machine("dgx-h1000");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == ErrorCode::kNotFound);
  CHECK(
      unknown.error().message.contains("dgx-h100, gb200-nvl72, gh200, juwels-booster, leonardo, "
                                       "lumi-g, mn5-acc"));
  CHECK(load_machine("/no/such/file.xml").error().code == ErrorCode::kNotFound);
  CHECK_FALSE(load_machine(folder.path().string()).has_value());
}

TEST_CASE("each shipped machine is sound and has the published size") {
  struct Expected {
    const char* name;
    std::size_t cores;
    std::size_t pus;
    std::size_t gpus;
    std::size_t nics;
    std::uint32_t link_gb_s;  // between GPUs 0 and 1
  };
  const std::vector<Expected> table = {{"dgx-h100", 112, 224, 8, 8, 450},
                                       {"gb200-nvl72", 144, 144, 4, 4, 900},
                                       {"gh200", 288, 288, 4, 4, 150},
                                       {"juwels-booster", 48, 96, 4, 4, 100},
                                       {"leonardo", 32, 32, 4, 2, 100},
                                       {"lumi-g", 64, 128, 8, 4, 200},
                                       {"mn5-acc", 80, 80, 4, 4, 150}};
  CHECK(shipped_machines().size() == table.size());
  for (const Expected& expected : table) {
    CAPTURE(expected.name);
    const Result<NodeShape> shape = shipped_machine(expected.name);
    REQUIRE_MESSAGE(shape.has_value(), shape.error().message);
    CHECK(shape->name == expected.name);
    CHECK(shape->cores.size() == expected.cores);
    CHECK(shape->pus() == expected.pus);
    CHECK(shape->gpus.size() == expected.gpus);
    CHECK(shape->nics.size() == expected.nics);
    CHECK(shape->gpu_link_mbps(0, 1) == expected.link_gb_s * 1000);
  }
}
