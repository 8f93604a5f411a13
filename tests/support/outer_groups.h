// Control groups of a test's own on the real system, with bounds on everything below them: what a
// hostile job of a test does, and our code fails to stop, can't hurt the machine. Killed and
// removed when the test ends.
#pragma once

#include <atomic>
#include <set>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

#include "agent/contain/group_files.h"
#include "agent/contain/holders.h"
#include "common/os/files.h"
#include "tests/support/wait.h"

namespace usine::test {

class OuterGroups {
 public:
  struct Bounds {
    int processes = 400;
    std::int64_t memory_mib = 512;
  };

  // `only`: hierarchies of that version; kNone: of both, as an agent takes them.
  explicit OuterGroups(contain::Version only = contain::Version::kNone)
      : OuterGroups(only, Bounds{}) {}
  OuterGroups(contain::Version only, const Bounds& bounds) : bounds_(bounds) {
    holders_ = contain::find_holders({.mounts = mounts(only),
                                      .own_groups = os::read_file("/proc/self/cgroup").value_or(""),
                                      .root = {}});
    static std::atomic<int> made = 0;
    const std::string name =
        "/usine-test-" + std::to_string(::getpid()) + '-' + std::to_string(++made);
    for (const contain::Resource resource : contain::kAllResources) go_below(resource, name);
  }
  OuterGroups(const OuterGroups&) = delete;
  OuterGroups& operator=(const OuterGroups&) = delete;
  ~OuterGroups() {
    const contain::Holder& processes = holders_[contain::Resource::kProcesses];
    static_cast<void>(wait_until([&] {
      if (processes.version != contain::Version::kNone) {
        static_cast<void>(contain::kill_group(processes.version, processes.folder));
      }
      bool gone = true;
      for (const std::string& group : made_) gone = contain::remove_group(group) && gone;
      return gone;
    }));
  }

  [[nodiscard]] const contain::Holders& holders() const { return holders_; }
  // Takes the calling process into all of them.
  [[nodiscard]] bool enter() const {
    for (const std::string& group : made_) {
      if (!contain::write_value(group + "/cgroup.procs", "0")) return false;
    }
    return true;
  }
  // All that are in them, where a group holds processes.
  [[nodiscard]] std::vector<pid_t> processes() const {
    return contain::processes_in(holders_[contain::Resource::kProcesses].folder);
  }
  // Why a test that needs the resource is skipped; empty: it need not be.
  [[nodiscard]] std::string lacking(contain::Resource resource) const {
    const contain::Holder& holder = holders_[resource];
    if (holder.version != contain::Version::kNone) return {};
    return "nothing can hold " + std::string(to_string(resource)) + " here: " + holder.note;
  }

 private:
  static std::string mounts(contain::Version only) {
    std::string wanted;
    const std::string all = os::read_file("/proc/self/mountinfo").value_or("");
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = std::min(all.find('\n', begin), all.size());
      const std::string line = all.substr(begin, end - begin);
      const bool v2 = line.find(" - cgroup2 ") != std::string::npos;
      if (only == contain::Version::kNone || v2 == (only == contain::Version::kV2)) {
        wanted += line + '\n';
      }
      begin = end + 1;
    }
    return wanted;
  }

  void go_below(contain::Resource resource, const std::string& name) {
    contain::Holder& holder = holders_[resource];
    if (holder.version == contain::Version::kNone) return;
    const std::string parent = holder.folder;
    holder.folder += name;
    made_.insert(holder.folder);
    Status bounded = contain::make_group(holder.folder);
    if (bounded) bounded = bound(resource, parent);
    if (!bounded) holder = {contain::Version::kNone, {}, bounded.error().message};
  }

  [[nodiscard]] Status bound(contain::Resource resource, const std::string& parent) const {
    const contain::Holder& holder = holders_[resource];
    const bool v1 = holder.version == contain::Version::kV1;
    if (resource == contain::Resource::kPids) {
      return contain::write_value(holder.folder + "/pids.max", std::to_string(bounds_.processes));
    }
    if (resource == contain::Resource::kMemory) {
      return contain::write_value(holder.folder + (v1 ? "/memory.limit_in_bytes" : "/memory.max"),
                                  std::to_string(bounds_.memory_mib << 20));
    }
    if (resource != contain::Resource::kCpuset || !v1) return {};
    for (const char* const kind : {"mems", "cpus"}) {
      const auto whole = contain::read_value(parent + "/cpuset.effective_" + kind);
      if (!whole) return fail(whole.error());
      const Status set = contain::write_value(holder.folder + "/cpuset." + kind, *whole);
      if (!set) return set;
    }
    return {};
  }

  const Bounds bounds_;
  contain::Holders holders_;
  std::set<std::string> made_;
};

}  // namespace usine::test
