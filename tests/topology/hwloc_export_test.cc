#include <doctest/doctest.h>

#include "topology/discovery/hwloc_shape.h"
#include "topology/discovery/machine.h"

using namespace usine;

TEST_CASE("a shipped machine written as hwloc XML and loaded again is the same machine") {
  for (const discovery::ShippedMachine& machine : discovery::shipped_machines()) {
    CAPTURE(machine.name);
    const Result<NodeShape> shape = discovery::shipped_machine(machine.name);
    REQUIRE(shape.has_value());
    const Result<NodeShape> again = discovery::shape_from_hwloc_text(
        discovery::to_hwloc_xml(*shape), std::string(machine.name) + ".xml");
    REQUIRE_MESSAGE(again.has_value(), again.error().message);
    CHECK(again->name == shape->name);
    CHECK(again->packages == shape->packages);
    CHECK(again->numa_nodes == shape->numa_nodes);
    CHECK(again->cores == shape->cores);
    CHECK(again->gpus == shape->gpus);
    CHECK(again->nics == shape->nics);
    CHECK(again->gpu_links_mbps == shape->gpu_links_mbps);
  }
}
