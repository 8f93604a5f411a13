// The groups of one attempt on this node, one in each hierarchy that holds something: makes them
// with the limits of the allocation, lets processes in, kills, freezes and counts them, and removes
// them. Owned by the shepherd; the agent makes one by name to end what a dead shepherd left.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/contain/device_filter.h"
#include "agent/contain/entry.h"
#include "agent/contain/holders.h"
#include "common/ids.h"
#include "common/os/unique_fd.h"

namespace usine::contain {

// "usine-NODE-HASH-job_": what the names of all groups of one agent begin with. Several agents, of
// several clusters too, can run on one machine; no two of them share a state folder.
[[nodiscard]] std::string group_prefix(const std::string& node, const std::string& state_folder);
[[nodiscard]] std::string group_name(const std::string& prefix, AttemptKey key);
// The inverse; nullopt for other names.
[[nodiscard]] std::optional<AttemptKey> key_of_group(const std::string& prefix,
                                                     const std::string& name);

struct Limits {
  std::vector<std::uint32_t> pus{};  // hardware threads, the system's numbers; empty: any
  std::int64_t memory_mib = 0;       // 0: no limit
  std::uint64_t processes = 0;       // threads count as well; 0: no limit
  std::vector<Device> devices{};
};

struct Usage {
  std::int64_t peak_memory_mib = 0;    // of all processes together, with what they cache of files
  std::int64_t killed_for_memory = 0;  // processes
};

class JobGroup {
 public:
  JobGroup() = default;  // holds nothing
  JobGroup(Holders holders, std::string name)
      : holders_(std::move(holders)), name_(std::move(name)) {}

  // What could not be made or limited no longer counts as held; one line for each of those.
  [[nodiscard]] std::vector<std::string> make(const Limits& limits);
  [[nodiscard]] bool holds(Resource resource) const {
    return holders_[resource].version != Version::kNone;
  }

  // Processes that come in from now on live in that mount namespace.
  void use_mounts(os::UniqueFd mounts) { mounts_ = std::move(mounts); }

  // For a process of the job itself.
  [[nodiscard]] Entry entry();
  // For a process of a step, which can be killed apart. The step's group is made when first asked
  // for.
  [[nodiscard]] Entry entry(std::uint32_t step);

  // Kills everything, or all of a step; false where no group holds the processes.
  [[nodiscard]] bool kill() const;
  [[nodiscard]] bool kill(std::uint32_t step) const;
  // Stops everything in its place, or lets it go on; false as above.
  [[nodiscard]] bool freeze(bool frozen) const;
  [[nodiscard]] std::vector<pid_t> processes() const;
  // None where no group counts the memory.
  [[nodiscard]] std::optional<Usage> usage() const;

  void remove_step(std::uint32_t step);
  // Whether all are gone: a group with a process in it stays.
  bool remove();

 private:
  [[nodiscard]] std::string path(Resource resource) const {
    return holders_[resource].folder + '/' + name_;
  }
  [[nodiscard]] std::string step_path(std::uint32_t step) const;
  [[nodiscard]] Status limit(Resource resource, const Limits& limits) const;
  [[nodiscard]] Status limit_memory(const Limits& limits) const;
  [[nodiscard]] Status limit_cpuset(const Limits& limits) const;
  [[nodiscard]] Status limit_devices(const Limits& limits) const;
  [[nodiscard]] Entry entry_with(const std::string& processes_path);
  [[nodiscard]] int open_once(const std::string& path, int flags);

  Holders holders_;
  std::string name_;
  os::UniqueFd mounts_;
  std::set<std::uint32_t> steps_;             // that have a group
  std::map<std::string, os::UniqueFd> open_;  // by path
};

// Kills what is in the groups of this name and removes them. False where some is left, which is
// worth another try: what was killed is in its group until its parent has taken note of it.
[[nodiscard]] bool end_group(const Holders& holders, const std::string& name);
// The attempts that have a group in any hierarchy, each once, in the order of their keys.
[[nodiscard]] std::vector<AttemptKey> groups_left(const Holders& holders,
                                                  const std::string& prefix);

}  // namespace usine::contain
