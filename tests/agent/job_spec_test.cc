#include "agent/daemon/job_spec.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/agent/builders.h"

using namespace usine;
using namespace usine::test;

namespace {

// The GPUs 2 and 3 of the node's class.
Prepare with_two_gpus() {
  Prepare message = prepare(key(1));
  JobNode node = message.nodes[0];
  node.gpus.insert(2);
  node.gpus.insert(3);
  node.gpu_bus_ids = {"0000:2b:00.0", "0000:3b:00.0"};
  message.nodes = JobNodes({node});
  return message;
}

std::vector<std::uint32_t> gpus_told(const std::vector<std::string>& bus_ids_here) {
  const agent::NodeSettings here{"node001", "127.0.0.1", false, bus_ids_here};
  const proto::JobSpec spec = agent::job_spec(with_two_gpus(), here);
  return {spec.nodes(0).gpus().begin(), spec.nodes(0).gpus().end()};
}

}  // namespace

TEST_CASE("[B59] a job is told its GPUs by the numbers that the node's driver gives them now") {
  // The second GPU of the class is gone, so that the driver counts on without it.
  CHECK(gpus_told({"0000:0b:00.0", "0000:2b:00.0", "0000:3b:00.0"}) ==
        std::vector<std::uint32_t>{1, 2});
  CHECK(gpus_told({"0000:0b:00.0", "0000:1b:00.0", "0000:2b:00.0", "0000:3b:00.0"}) ==
        std::vector<std::uint32_t>{2, 3});
  // Where the bus ids are not known the scheduler's numbers stand.
  CHECK(gpus_told({"", "", "", ""}) == std::vector<std::uint32_t>{2, 3});
}

TEST_CASE("[B56] a job's device list has the files of its own GPUs and no other") {
  agent::NodeSettings here{"node001", "127.0.0.1", false, {"", "0000:2b:00.0", "0000:3b:00.0"}};
  here.containment.holders[contain::Resource::kDevices] = {contain::Version::kV2, "/groups", {}};
  here.containment.prefix = "usine-node001-00c0ffee-job_";
  here.containment.devices = {{1, 3}};
  here.containment.gpu_minors = {0, 4};  // the third is not known: its place among the driver's
  const proto::SpecContainment spec = agent::job_spec(with_two_gpus(), here).containment();
  CHECK(spec.group() == "usine-node001-00c0ffee-job_1.1");
  REQUIRE(spec.devices_size() == 3);
  CHECK(spec.devices(0).major() == 1);
  CHECK(spec.devices(1).major() == contain::kNvidiaMajor);
  CHECK(spec.devices(1).minor() == 4);
  CHECK(spec.devices(2).minor() == 2);
}

TEST_CASE("the bound on a job's processes is the site's or goes by its cores") {
  agent::NodeSettings here{"node001", "127.0.0.1", false, {}};
  CHECK_FALSE(agent::job_spec(with_two_gpus(), here).has_containment());
  here.containment.holders[contain::Resource::kPids] = {contain::Version::kV1, "/groups", {}};
  const auto bound = [&] {
    return agent::job_spec(with_two_gpus(), here).containment().processes_max();
  };
  const auto cores =
      static_cast<std::size_t>(agent::job_spec(with_two_gpus(), here).nodes(0).cores_size());
  CHECK(bound() == agent::processes_max_for(cores));
  here.containment.processes_max = 77;
  CHECK(bound() == 77);
}

TEST_CASE(
    "a shepherd is told where the cores and GPUs of its own node lie as far as that is known") {
  Prepare message = with_two_gpus();
  JobNode node = message.nodes[0];
  node.cores = {};
  for (const std::size_t core : {1u, 2u}) node.cores.insert(core);
  message.nodes = JobNodes({node, node});
  NodeShape shape;
  shape.cores = {{0, 4, {}}, {0, 4, {}}, {1, 5, {}}};
  agent::NodeSettings here{"node001", "127.0.0.1", false, {}};
  here.shape = std::make_shared<const NodeShape>(shape);
  const proto::JobSpec spec = agent::job_spec(message, here);
  REQUIRE(spec.nodes(0).core_packages_size() == 2);
  CHECK(spec.nodes(0).core_packages(1) == 1);
  CHECK(spec.nodes(0).core_numas(0) == 4);
  CHECK_MESSAGE(spec.nodes(0).gpu_numas_size() == 0, "this node has no such GPUs");
  CHECK_MESSAGE(spec.nodes(1).core_packages_size() == 0, "of others nothing is known here");
  shape.gpus.resize(4);
  shape.gpus[3].numa = 5;
  here.shape = std::make_shared<const NodeShape>(shape);
  CHECK(agent::job_spec(message, here).nodes(0).gpu_numas(1) == 5);
}
