// What the system offers to hold jobs with, read from what it says of itself.
#include "agent/contain/holders.h"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::contain;
using namespace usine::test;

namespace {

const std::string kHybrid =
    "23 1 0:20 / / rw - ext4 /dev/vda rw\n"
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
const std::string kOwnGroups = "3:memory:/site/agents\n2:cpu,cpuacct:/\n0::/system/agent\n";

std::string fake_v2(const TempFolder& folder) {
  REQUIRE(os::write_file(folder / "cgroup.controllers", "cpuset cpu memory pids\n"));
  REQUIRE(os::write_file(folder / "cgroup.subtree_control", "\n"));
  return "41 31 0:38 / " + folder.path().string() + " rw - cgroup2 cgroup2 rw\n";
}

}  // namespace

TEST_CASE("hierarchies are found where they are mounted with the group in which we are") {
  const auto found = hierarchies_in({kHybrid, kOwnGroups, {}});
  REQUIRE(found.size() == 3);
  CHECK(found[0].version == Version::kV2);
  CHECK(found[0].folder() == "/sys/fs/cgroup/unified/system/agent");
  CHECK(found[1].version == Version::kV1);
  CHECK(found[1].controllers == std::vector<std::string>{"rw", "cpu", "cpuacct"});
  CHECK(found[1].folder() == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(found[2].folder() == "/sys/fs/cgroup/memory/site/agents");
}

TEST_CASE("a mount that shows only a part of the hierarchy is taken for the whole of it") {
  const std::string container =
      "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  CHECK(hierarchies_in({container, "3:memory:/docker/abc/job\n", {}}).at(0).folder() ==
        "/sys/fs/cgroup/memory/job");
  CHECK(hierarchies_in({container, "3:memory:/docker/abc\n", {}}).at(0).folder() ==
        "/sys/fs/cgroup/memory");
}

TEST_CASE("a root that the site names lies below each mount point") {
  const auto found = hierarchies_in({kHybrid, kOwnGroups, "/usine/jobs"});
  REQUIRE(found.size() == 3);
  CHECK(found[0].folder() == "/sys/fs/cgroup/unified/usine/jobs");
  CHECK(found[2].folder() == "/sys/fs/cgroup/memory/usine/jobs");
}

TEST_CASE("a system without control groups holds nothing and says so of each resource") {
  const Holders holders = find_holders({"23 1 0:20 / / rw - ext4 /dev/vda rw\n", "0::/\n", {}});
  CHECK_FALSE(holders.any());
  for (const Resource resource : kAllResources) {
    CHECK(holders[resource].note == "no mounted cgroup hierarchy has it");
  }
  const std::string line = describe(holders);
  CHECK(line.starts_with("processes=none memory=none pids=none cpuset=none devices=none "));
  CHECK(line.find("memory_why=\"no mounted cgroup hierarchy has it\"") != std::string::npos);
}

TEST_CASE("controllers that a v2 hierarchy offers are handed down and taken") {
  const TempFolder folder;
  const Holders holders = find_holders({fake_v2(folder), "0::/\n", {}});
  for (const Resource resource : {Resource::kMemory, Resource::kPids, Resource::kCpuset}) {
    CHECK(holders[resource].version == Version::kV2);
    CHECK(holders[resource].folder == folder.path());
  }
  // A folder is no cgroup: what is asked of the kernel itself fails.
  CHECK(holders[Resource::kProcesses].version == Version::kNone);
  CHECK(holders[Resource::kDevices].version == Version::kNone);
  CHECK(os::read_file(folder / "cgroup.subtree_control")->starts_with('+'));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CHECK_FALSE(entry.is_directory());  // the trial's group is gone
  }
}

TEST_CASE("a hierarchy in which no group can be made holds nothing and says why") {
  const std::string mounts = "35 31 0:32 / /proc/nowhere rw - cgroup cgroup rw,memory\n";
  const Holders holders = find_holders({mounts, "3:memory:/\n", {}});
  CHECK(holders[Resource::kMemory].version == Version::kNone);
  CHECK(holders[Resource::kMemory].note.find("/proc/nowhere") != std::string::npos);
}
