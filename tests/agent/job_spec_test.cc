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
