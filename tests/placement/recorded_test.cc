// What a job gets on machines that were recorded with hwloc.
#include <doctest/doctest.h>

#include "scheduler/placement/demand.h"
#include "scheduler/placement/node_share.h"
#include "tests/support/data.h"
#include "tests/support/skip.h"
#include "topology/discovery/hwloc_shape.h"

namespace usine {
namespace {

NodeFree all_of(const NodeShape& shape) {
  NodeFree free{CoreSet::first(shape.cores.size()), shape.present_gpus(), shape.memory_mib()};
  free.core_count = static_cast<std::uint32_t>(shape.cores.size());
  free.gpu_count = static_cast<std::uint32_t>(shape.gpus.size());
  free.takes_work = true;
  return free;
}

NodeShare share_on(const NodeShape& shape, std::uint32_t gpus, std::uint32_t cores) {
  Component component;
  component.per_node.gpus = gpus;
  component.per_node.cores = cores;
  return choose_share(all_of(shape), ShapeTable(shape), component);
}

TEST_CASE("[B63] on a recorded JUWELS Booster node a GPU comes with the cores and NIC beside it") {
  const auto path = test::find_data("hwloc/jwb0001.xml");
  if (!path) USINE_SKIP("no recorded machines: set USINE_DATA");
  const auto shape = discovery::shape_from_hwloc_xml(path->string());
  REQUIRE(shape.has_value());
  const NodeShare one = share_on(*shape, 1, 6);
  REQUIRE(one.gpus.count() == 1);
  const GpuShape& gpu = shape->gpus[one.gpus.next(0)];
  CHECK(shape->cores_of_numa(gpu.numa).includes(one.cores));
  REQUIRE(one.nics.count() == 1);
  CHECK(shape->nics[one.nics.next(0)].pci_switch == gpu.pci_switch);
  const NodeShare all = share_on(*shape, 4, 24);
  for (const GpuShape& each : shape->gpus) {
    CHECK((all.cores & shape->cores_of_numa(each.numa)).count() == 6);
  }
  CHECK(all.nics.count() == 4);
}

}  // namespace
}  // namespace usine
