#include "tests/e2e/bounded_cluster.h"

#include <fstream>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

#include "tests/e2e/remains.h"
#include "tests/support/wait.h"

namespace usine::test {
namespace {

// Of scheduler, agents, shepherds and jobs together: far above what they take, far below what would
// hurt the machine.
constexpr OuterGroups::Bounds kBounds{.processes = 1500, .memory_mib = 3072};

ClusterOptions inside(ClusterOptions options, const OuterGroups& outer) {
  options.around = [&outer, first = std::move(options.around)] {
    return outer.enter() && (!first || first());
  };
  return options;
}

}  // namespace

std::string BoundedCluster::lacking(std::initializer_list<contain::Resource> needed) {
  if (::geteuid() != 0) return "bounds around hostile jobs need root";
  const OuterGroups outer;
  for (const contain::Resource resource : needed) {
    if (auto why = outer.lacking(resource); !why.empty()) return why;
  }
  return outer.lacking(contain::Resource::kProcesses);
}

BoundedCluster::BoundedCluster(ClusterOptions options)
    : outer_(contain::Version::kNone, kBounds),
      cluster_(inside(std::move(options), outer_)),
      processes_before_(outer_.processes().size()),
      neighbour_(cluster_.submit({"-J", "neighbour", "--wrap",
                                  "touch beside; until [ -e stop ]; do sleep 0.05; done; "
                                  "touch whole"})) {
  REQUIRE(wait_until([this] { return cluster_.has("beside"); }));
}

void BoundedCluster::check_clean() const {
  CHECK(cluster_.state_of(neighbour_) == "running");
  const std::uint64_t next = cluster_.submit({"--wrap", "true"});
  CHECK(cluster_.reaches(next, "completed"));
  std::ofstream(cluster_.work_folder() + "/stop").flush();
  CHECK(cluster_.reaches(neighbour_, "completed"));
  CHECK(cluster_.has("whole"));
  const std::string folder = cluster_.state_folder();
  CHECK(wait_until([&] { return job_folders_of(folder) == 0; }));
  CHECK(wait_until([&] { return groups_of(folder).empty(); }));
  CHECK(wait_until([&] { return outer_.processes().size() == processes_before_; }));
  const Json nodes = cluster_.usine_json({"node", "list"});
  for (const Json& node : nodes["nodes"]) CHECK(node["state"] == "up");
}

}  // namespace usine::test
