#include "agent/contain/job_group.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/contain/group_files.h"

namespace usine::contain {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBytesPerMib = std::int64_t{1} << 20;
// Above this share below the limit a job is slowed down and its caches are taken back first.
constexpr std::int64_t kHighShare = 32;
// What is killed is gone soon, or hangs in the kernel.
constexpr int kEndRoundsMax = 100;

// FNV-1a: names need be unlike each other, no more.
std::uint32_t hash_of(const std::string& text) {
  std::uint32_t hash = 2'166'136'261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return hash;
}

template <typename T>
bool parse_whole(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string list_of(const std::vector<std::uint32_t>& numbers) {
  std::string list;
  for (const std::uint32_t number : numbers) {
    if (!list.empty()) list += ',';
    list += std::to_string(number);
  }
  return list;
}

}  // namespace

std::string group_prefix(const std::string& node, const std::string& state_folder) {
  char hash[16];
  std::snprintf(hash, sizeof(hash), "%08x", hash_of(state_folder));
  return "usine-" + node + '-' + hash + "-job_";
}

std::string group_name(const std::string& prefix, AttemptKey key) {
  return prefix + std::to_string(key.job.value) + '.' + std::to_string(key.attempt.value);
}

std::optional<AttemptKey> key_of_group(const std::string& prefix, const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (!name.starts_with(prefix) || dot == std::string::npos || dot < prefix.size()) {
    return std::nullopt;
  }
  AttemptKey key;
  const std::string_view numbers = std::string_view(name).substr(prefix.size());
  const bool valid = parse_whole(numbers.substr(0, dot - prefix.size()), key.job.value) &&
                     parse_whole(numbers.substr(dot + 1 - prefix.size()), key.attempt.value);
  return valid ? std::optional(key) : std::nullopt;
}

// ---- making -------------------------------------------------------------------------------------

std::vector<std::string> JobGroup::make(const Limits& limits) {
  std::vector<std::string> lacking;
  std::set<std::string> made;
  for (const Resource resource : kAllResources) {
    if (!holds(resource)) continue;
    const std::string group = path(resource);
    Status done = made.contains(group) ? Status() : renew_group(group);
    if (done) made.insert(group);
    if (done) done = limit(resource, limits);
    if (done) continue;
    lacking.push_back(std::string(to_string(resource)) + ": " + done.error().message);
    holders_[resource].version = Version::kNone;
  }
  return lacking;
}

Status JobGroup::limit(Resource resource, const Limits& limits) const {
  switch (resource) {
    case Resource::kProcesses: return {};
    case Resource::kMemory: return limit_memory(limits);
    case Resource::kPids:
      if (limits.processes == 0) return {};
      return write_value(path(resource) + "/pids.max", std::to_string(limits.processes));
    case Resource::kCpuset: return limit_cpuset(limits);
    case Resource::kDevices: return limit_devices(limits);
  }
  return {};
}

Status JobGroup::limit_memory(const Limits& limits) const {
  const std::string group = path(Resource::kMemory);
  const std::int64_t bytes = limits.memory_mib * kBytesPerMib;
  if (bytes == 0) return {};
  if (holders_[Resource::kMemory].version == Version::kV1) {
    const Status set = write_value(group + "/memory.limit_in_bytes", std::to_string(bytes));
    // Only where swap is counted; without it a job could be pushed out to disk instead of ended.
    if (set) {
      static_cast<void>(write_value(group + "/memory.memsw.limit_in_bytes", std::to_string(bytes)));
    }
    return set;
  }
  const Status set = write_value(group + "/memory.max", std::to_string(bytes));
  if (!set) return set;
  const std::int64_t high = bytes - bytes / kHighShare;
  static_cast<void>(write_value(group + "/memory.high", std::to_string(high)));
  static_cast<void>(write_value(group + "/memory.swap.max", "0"));
  // A job that has lost one of its processes mostly waits for it for ever: all go together.
  return write_value(group + "/memory.oom.group", "1");
}

Status JobGroup::limit_cpuset(const Limits& limits) const {
  const Holder& holder = holders_[Resource::kCpuset];
  const std::string group = path(Resource::kCpuset);
  // Memory is taken from all domains: what does not fit beside the cores goes farther away.
  if (holder.version == Version::kV1) {
    // Each job would have the kernel make its scheduling domains anew, twice, although that of the
    // group above spans the job's cores already.
    const char* const balance = "/cpuset.sched_load_balance";
    if (read_number(holder.folder + balance) == 1) {
      static_cast<void>(write_value(group + balance, "0"));
    }
    const auto mems = read_value(holder.folder + "/cpuset.effective_mems");
    if (!mems) return fail(mems.error());
    if (const Status set = write_value(group + "/cpuset.mems", *mems); !set) return set;
  }
  if (!limits.pus.empty()) return write_value(group + "/cpuset.cpus", list_of(limits.pus));
  if (holder.version == Version::kV2) return {};
  const auto cpus = read_value(holder.folder + "/cpuset.effective_cpus");
  return cpus ? write_value(group + "/cpuset.cpus", *cpus) : Status(fail(cpus.error()));
}

Status JobGroup::limit_devices(const Limits& limits) const {
  const std::string group = path(Resource::kDevices);
  return holders_[Resource::kDevices].version == Version::kV1
             ? limit_devices_v1(group, limits.devices)
             : limit_devices_v2(group, limits.devices);
}

// ---- letting processes in -----------------------------------------------------------------------

Entry JobGroup::entry() { return entry_with(path(Resource::kProcesses)); }

std::string JobGroup::step_path(std::uint32_t step) const {
  return path(Resource::kProcesses) + "/step_" + std::to_string(step);
}

Entry JobGroup::entry(std::uint32_t step) {
  if (!holds(Resource::kProcesses)) return entry();
  const std::string group = step_path(step);
  // Without a group of its own the step is one with its job.
  if (!steps_.contains(step) && !make_group(group)) return entry();
  steps_.insert(step);
  return entry_with(group);
}

Entry JobGroup::entry_with(const std::string& processes_path) {
  Entry entry{.mounts = mounts_.get()};
  std::set<std::string> groups;
  for (const Resource resource : kAllResources) {
    if (!holds(resource)) continue;
    const std::string group = resource == Resource::kProcesses ? processes_path : path(resource);
    if (holders_[resource].version == Version::kV1) {
      if (groups.insert(group).second) {
        entry.tasks.push_back(open_once(group + "/tasks", O_WRONLY));
      }
    } else if (entry.group < 0) {
      // There is one v2 hierarchy; a step's group, which comes first, lies below its job's.
      entry.group = open_once(group, O_PATH | O_DIRECTORY);
    }
  }
  return entry;
}

int JobGroup::open_once(const std::string& path, int flags) {
  os::UniqueFd& fd = open_[path];
  if (!fd) fd.reset(::open(path.c_str(), flags | O_CLOEXEC));
  return fd.get();
}

// ---- while they run -----------------------------------------------------------------------------

bool JobGroup::kill() const {
  const Resource processes = Resource::kProcesses;
  return holds(processes) && kill_group(holders_[processes].version, path(processes));
}

bool JobGroup::kill(std::uint32_t step) const {
  return steps_.contains(step) &&
         kill_group(holders_[Resource::kProcesses].version, step_path(step));
}

bool JobGroup::freeze(bool frozen) const {
  const Resource processes = Resource::kProcesses;
  return holds(processes) && freeze_group(holders_[processes].version, path(processes), frozen);
}

std::vector<pid_t> JobGroup::processes() const {
  std::vector<pid_t> pids;
  if (holds(Resource::kProcesses)) pids = processes_in(path(Resource::kProcesses));
  return pids;
}

std::optional<Usage> JobGroup::usage() const {
  if (!holds(Resource::kMemory)) return std::nullopt;
  const std::string group = path(Resource::kMemory);
  const bool v1 = holders_[Resource::kMemory].version == Version::kV1;
  const std::int64_t peak =
      read_number(group + (v1 ? "/memory.max_usage_in_bytes" : "/memory.peak"));
  const std::int64_t killed =
      read_number(group + (v1 ? "/memory.oom_control" : "/memory.events"), "oom_kill");
  return Usage{(peak + kBytesPerMib - 1) / kBytesPerMib, killed};
}

// ---- removing -----------------------------------------------------------------------------------

void JobGroup::remove_step(std::uint32_t step) {
  if (steps_.erase(step) == 0) return;
  const std::string group = step_path(step);
  open_.erase(group);
  open_.erase(group + "/tasks");
  remove_group(group);
}

bool JobGroup::remove() {
  open_.clear();
  mounts_.reset();
  bool all = true;
  std::set<std::string> groups;
  for (const Resource resource : kAllResources) {
    if (!holders_[resource].folder.empty()) groups.insert(path(resource));
  }
  for (const std::string& group : groups) all = remove_group(group) && all;
  return all;
}

bool end_group(const Holders& holders, const std::string& name) {
  if (name.empty()) return true;  // that would be the group in which the agent itself is
  JobGroup group(holders, name);
  for (int round = 0; round < kEndRoundsMax; ++round) {
    if (group.remove()) return true;
    if (!group.kill()) break;
  }
  return false;
}

std::vector<AttemptKey> groups_left(const Holders& holders, const std::string& prefix) {
  std::set<AttemptKey> keys;
  for (const Resource resource : kAllResources) {
    std::error_code error;
    for (fs::directory_iterator entry(holders[resource].folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (const auto key = key_of_group(prefix, entry->path().filename().string())) {
        keys.insert(*key);
      }
    }
  }
  return {keys.begin(), keys.end()};
}

}  // namespace usine::contain
