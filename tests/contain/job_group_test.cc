// The groups of one job: against a folder that stands for a cgroup v2 file system, since the
// machines that test this mostly have those controllers bound to v1, and against the real ones.
#include "agent/contain/job_group.h"

#include <csignal>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "agent/contain/group_files.h"
#include "agent/contain/private_folders.h"
#include "agent/exec/spawn.h"
#include "common/os/files.h"
#include "tests/support/outer_groups.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::contain;
using namespace usine::test;

namespace {

const std::string kName = "usine-n1-00c0ffee-job_7.2";
constexpr Version kEither = Version::kNone;

Holders held_by(Version version, const std::string& folder) {
  Holders holders;
  for (const Resource resource : kAllResources) holders[resource] = {version, folder, {}};
  return holders;
}

agent::ProcessPlan shell(const TempFolder& folder, const std::string& command) {
  agent::ProcessPlan plan;
  plan.argv = {"sh", "-c", command};
  plan.environment = {"PATH=/usr/bin:/bin"};
  plan.working_directory = folder.path();
  plan.input = "/dev/null";
  plan.output = "out";
  return plan;
}

pid_t started(const TempFolder& folder, const std::string& command, const Entry& entry) {
  const auto pid = exec::spawn(shell(folder, command), {}, entry);
  REQUIRE_MESSAGE(pid, (pid ? "" : pid.error().message));
  return *pid;
}

int wait_status(pid_t pid) {
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

std::string output_of(const TempFolder& folder, const std::string& command, const Entry& entry) {
  wait_status(started(folder, command, entry));
  return os::read_file(folder / "out").value();
}

// Kills until nothing is left, as the shepherd does; false where that takes a minute.
bool ends(JobGroup& group) {
  return wait_until([&group] {
    static_cast<void>(group.kill());
    return group.processes().empty();
  });
}

}  // namespace

TEST_CASE("the name of a job's groups tells the attempt and no two agents share it") {
  const std::string prefix = group_prefix("node001", "/state/a");
  const AttemptKey key{JobId{1234}, AttemptNumber{3}};
  CHECK(key_of_group(prefix, group_name(prefix, key)) == key);
  CHECK(group_prefix("node001", "/state/b") != prefix);
  CHECK(group_prefix("node002", "/state/a") != prefix);
  for (const char* const other : {"", "usine-node001-x-job_1.1", "1234.3"}) {
    CHECK_FALSE(key_of_group(prefix, other));
  }
  for (const char* const numbers : {"", "12", "12.", ".3", "12.3x", "x.3"}) {
    CHECK_FALSE(key_of_group(prefix, prefix + numbers));
  }
}

TEST_CASE("limits are written as cgroup v2 reads them and counts are read back") {
  const TempFolder folder;
  std::filesystem::create_directory(folder / kName);
  const auto file = [&](const std::string& name) { return (folder / kName / name).string(); };
  for (const char* const name : {"memory.max", "memory.high", "memory.swap.max", "memory.oom.group",
                                 "pids.max", "cpuset.cpus"}) {
    REQUIRE(os::write_file(file(name), ""));
  }
  Holders holders = held_by(Version::kV2, folder.path());
  holders[Resource::kDevices] = {};  // a program in the kernel, not a file
  JobGroup group(holders, kName);
  CHECK(group.make({.pus = {2, 3, 8}, .memory_mib = 64, .processes = 100, .devices = {}}).empty());
  CHECK(os::read_file(file("memory.max")).value() == "67108864");
  CHECK(os::read_file(file("memory.high")).value() == "65011712");
  CHECK(os::read_file(file("memory.swap.max")).value() == "0");
  CHECK(os::read_file(file("memory.oom.group")).value() == "1");
  CHECK(os::read_file(file("pids.max")).value() == "100");
  CHECK(os::read_file(file("cpuset.cpus")).value() == "2,3,8");

  REQUIRE(os::write_file(file("memory.peak"), "67000000\n"));
  REQUIRE(os::write_file(file("memory.events"), "low 0\nmax 4\noom 2\noom_kill 3\n"));
  const auto usage = group.usage();
  REQUIRE(usage);
  CHECK(usage->peak_memory_mib == 64);
  CHECK(usage->killed_for_memory == 3);
}

TEST_CASE("what cannot be made or limited no longer counts as held and is named") {
  const TempFolder folder;
  Holders holders = held_by(Version::kV1, folder.path());
  holders[Resource::kProcesses] = {Version::kV1, folder / "missing", {}};
  holders[Resource::kMemory] = {};
  JobGroup group(holders, kName);
  const auto lacking = group.make({.pus = {}, .memory_mib = 64, .processes = 9, .devices = {}});
  REQUIRE(lacking.size() == 4);
  CHECK(lacking[0].starts_with("processes: making the group"));
  CHECK(lacking[1].starts_with("pids: "));
  for (const Resource resource : kAllResources) CHECK_FALSE(group.holds(resource));
  CHECK(group.entry(0).tasks.empty());
  CHECK_FALSE(group.kill());
  CHECK_FALSE(group.usage());
  CHECK(group.remove());
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a process is in its job's groups before its program begins") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  JobGroup group(outer.holders(), kName);
  CHECK(group.make({.pus = {}, .memory_mib = 100, .processes = 50, .devices = common_devices("")})
            .empty());
  const std::string job = output_of(folder, "cat /proc/self/cgroup", group.entry());
  CHECK(job.find('/' + kName + '\n') != std::string::npos);
  const std::string step = output_of(folder, "cat /proc/self/cgroup", group.entry(4));
  CHECK(step.find('/' + kName + "/step_4\n") != std::string::npos);
  CHECK(group.remove());
  CHECK_FALSE(std::filesystem::exists(outer.holders()[Resource::kProcesses].folder + '/' + kName));
}

TEST_CASE("a fork bomb stays within its bound and is killed whole") {
  for (const Version version : {kEither, Version::kV1}) {
    const OuterGroups outer(version);
    for (const Resource needed : {Resource::kProcesses, Resource::kPids}) {
      if (const auto why = outer.lacking(needed); !why.empty()) USINE_SKIP(why);
    }
    const TempFolder folder;
    JobGroup group(outer.holders(), kName);
    CHECK(group.make({.pus = {}, .memory_mib = 0, .processes = 60, .devices = common_devices("")})
              .empty());
    const pid_t bomb = started(folder, "b() { b | b & }; b; while :; do b; done", group.entry());
    const auto full = [&] {
      return read_number(outer.holders()[Resource::kPids].folder + '/' + kName + "/pids.events",
                         "max") > 0;
    };
    CHECK(wait_until(full));
    CHECK(group.processes().size() <= 60);
    CHECK(ends(group));
    wait_status(bomb);
    CHECK(wait_until([&group] { return group.remove(); }));
  }
}

TEST_CASE("killing a step leaves what else the job runs") {
  for (const Version version : {kEither, Version::kV1}) {
    const OuterGroups outer(version);
    if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
    const TempFolder folder;
    JobGroup group(outer.holders(), kName);
    REQUIRE(group.make({.devices = common_devices("")}).empty());
    const pid_t first = started(folder, "exec sleep 1000", group.entry(1));
    const pid_t second = started(folder, "exec sleep 1000", group.entry(2));
    CHECK(group.kill(1));
    CHECK(WTERMSIG(wait_status(first)) == SIGKILL);
    CHECK(waitpid(second, nullptr, WNOHANG) == 0);
    CHECK_FALSE(group.kill(3));  // there is no such step
    CHECK(group.kill());
    CHECK(WTERMSIG(wait_status(second)) == SIGKILL);
  }
}

TEST_CASE("a frozen job does nothing until it is thawed") {
  for (const Version version : {kEither, Version::kV1}) {
    const OuterGroups outer(version);
    if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
    const TempFolder folder;
    JobGroup group(outer.holders(), kName);
    REQUIRE(group.make({.devices = common_devices("")}).empty());
    const pid_t pid = started(folder, "until [ -e go ]; do sleep 0.01; done", group.entry());
    CHECK(group.freeze(true));
    const Holder& holder = outer.holders()[Resource::kProcesses];
    const std::string at = holder.folder + '/' + kName;
    CHECK(wait_until([&] {
      return holder.version == Version::kV2 ? read_number(at + "/cgroup.events", "frozen") == 1
                                            : read_value(at + "/freezer.state").value() == "FROZEN";
    }));
    REQUIRE(os::write_file(folder / "go", ""));
    CHECK(waitpid(pid, nullptr, WNOHANG) == 0);
    CHECK(group.freeze(false));
    CHECK(WEXITSTATUS(wait_status(pid)) == 0);
  }
}

TEST_CASE("[B56] a GPU that was not given cannot be opened by its path or made anew") {
  for (const Version version : {kEither, Version::kV1}) {
    const OuterGroups outer(version);
    if (const auto why = outer.lacking(Resource::kDevices); !why.empty()) USINE_SKIP(why);
    const TempFolder folder;
    // Without a driver an allowed one cannot be opened either, for a reason of its own.
    for (const unsigned minor : {5u, 6u}) {
      const std::string path = folder / ("nvidia" + std::to_string(minor));
      if (mknod(path.c_str(), S_IFCHR | 0666, makedev(kNvidiaMajor, minor)) != 0) {
        USINE_SKIP("device files cannot be made here");
      }
    }
    JobGroup group(outer.holders(), kName);
    std::vector<Device> devices = common_devices("");
    devices.push_back({kNvidiaMajor, 5});
    REQUIRE(group.make({.devices = devices}).empty());
    const std::string output = output_of(folder,
                                         "exec 2>&1; cat nvidia5; cat nvidia6; mknod sda b 8 0; "
                                         "mknod gpu c 195 7; echo x > /dev/null && echo null",
                                         group.entry());
    CHECK(output.find("nvidia5: No such device or address") != std::string::npos);
    CHECK(output.find("nvidia6: Operation not permitted") != std::string::npos);
    CHECK(output.find("sda: Operation not permitted") != std::string::npos);
    CHECK(output.find("gpu: Operation not permitted") != std::string::npos);
    CHECK(output.ends_with("null\n"));
  }
}

TEST_CASE("[B39] a job that takes more memory than it asked for is killed and counted") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kMemory); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  JobGroup group(outer.holders(), kName);
  REQUIRE(group.make({.memory_mib = 32, .devices = common_devices("")}).empty());
  // tail keeps a line that never ends.
  const pid_t hog = started(folder, "exec tail /dev/zero", group.entry());
  const int status = wait_status(hog);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  const auto usage = group.usage();
  REQUIRE(usage);
  CHECK(usage->killed_for_memory >= 1);
  CHECK(usage->peak_memory_mib == 32);
}

TEST_CASE("[B57] two jobs on one node share no core and cannot leave theirs") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kCpuset); !why.empty()) USINE_SKIP(why);
  if (std::thread::hardware_concurrency() < 2) USINE_SKIP("there is one core only");
  const TempFolder folder;
  JobGroup first(outer.holders(), kName);
  JobGroup second(outer.holders(), kName + "x");
  REQUIRE(first.make({.pus = {0}, .devices = common_devices("")}).empty());
  REQUIRE(second.make({.pus = {1}, .devices = common_devices("")}).empty());
  const std::string allowed =
      "taskset -pc 0,1 $$ > /dev/null; grep Cpus_allowed_list /proc/$$/status";
  CHECK(output_of(folder, allowed, first.entry()) == "Cpus_allowed_list:\t0\n");
  CHECK(output_of(folder, allowed, second.entry()) == "Cpus_allowed_list:\t1\n");
  CHECK(WEXITSTATUS(wait_status(started(folder, "taskset -pc 1 $$", first.entry()))) != 0);
}

TEST_CASE("what a dead shepherd has left is found by its name and ended") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  const std::string prefix = group_prefix("n1", folder.path());
  const AttemptKey key{JobId{7}, AttemptNumber{1}};
  JobGroup group(outer.holders(), group_name(prefix, key));
  REQUIRE(group.make({.devices = common_devices("")}).empty());
  const pid_t pid = started(folder, "exec sleep 1000", group.entry(0));
  CHECK(groups_left(outer.holders(), prefix) == std::vector{key});
  CHECK(groups_left(outer.holders(), group_prefix("n2", folder.path())).empty());
  static_cast<void>(end_group(outer.holders(), group_name(prefix, key)));
  CHECK(WTERMSIG(wait_status(pid)) == SIGKILL);
  CHECK(end_group(outer.holders(), group_name(prefix, key)));  // its process is reaped now
  CHECK(groups_left(outer.holders(), prefix).empty());
}

TEST_CASE("a job's /tmp and /dev/shm are its own and gone with it") {
  if (geteuid() != 0) USINE_SKIP("mounts need root");
  const TempFolder folder("/var/tmp");
  const std::string job_folder = folder.path();
  std::filesystem::create_directory(job_folder + "/tmp");
  auto mounts = make_private_folders({.job_folder = job_folder, .temporary = job_folder + "/tmp"});
  if (!mounts) USINE_SKIP("no mount namespace here: " + mounts.error().message);
  JobGroup group;  // nothing holds it, it has its mounts all the same
  group.use_mounts(*std::move(mounts));
  const std::string name = std::filesystem::path(job_folder).filename();
  agent::ProcessPlan plan;
  plan.argv = {"sh", "-c", "cd /tmp && echo mine > " + name + " && echo mine > /dev/shm/" + name};
  plan.environment = {"PATH=/usr/bin:/bin"};
  plan.working_directory = "/";
  plan.input = plan.output = "/dev/null";
  const auto pid = exec::spawn(plan, {}, group.entry());
  REQUIRE(pid);
  CHECK(WEXITSTATUS(wait_status(*pid)) == 0);
  CHECK(os::read_file(job_folder + "/tmp/" + name).value() == "mine\n");
  CHECK_FALSE(std::filesystem::exists("/tmp/" + name));
  CHECK_FALSE(std::filesystem::exists("/dev/shm/" + name));
  CHECK(group.remove());
}

TEST_CASE("no private /tmp or /dev/shm hides the job folder") {
  const TempFolder elsewhere("/var/tmp");
  for (const std::string hidden : {"/tmp", "/dev/shm"}) {
    const TempFolder folder(hidden);
    const std::string link = elsewhere / ("to" + std::to_string(hidden.size()));
    std::filesystem::create_directory_symlink(folder.path(), link);
    for (const std::string& path : {std::string(folder.path()), link}) {
      const auto mounts = make_private_folders({.job_folder = path, .temporary = elsewhere.path()});
      REQUIRE_FALSE(mounts);
      CHECK(mounts.error().message.find("below " + hidden) != std::string::npos);
    }
  }
}
