// What can hold a job on this node: for each resource a cgroup hierarchy, of version 2 or 1, or
// nothing. Chosen resource by resource, since hybrid systems have some controllers in either. The
// agent finds out once at start and hands it to its shepherds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace usine::contain {

enum class Resource : std::uint8_t {
  kProcesses = 0,  // killed and frozen as one
  kMemory = 1,
  kPids = 2,
  kCpuset = 3,
  kDevices = 4,
};
inline constexpr std::array kAllResources = {Resource::kProcesses, Resource::kMemory,
                                             Resource::kPids, Resource::kCpuset,
                                             Resource::kDevices};  // by number
[[nodiscard]] std::string_view to_string(Resource resource);

enum class Version : std::uint8_t { kNone = 0, kV1 = 1, kV2 = 2 };
[[nodiscard]] std::string_view to_string(Version version);

struct Holder {
  Version version = Version::kNone;
  std::string folder{};  // absolute: the group below which the jobs' groups are made
  std::string note{};    // where nothing holds the resource: why

  friend bool operator==(const Holder&, const Holder&) = default;
};

class Holders {
 public:
  [[nodiscard]] Holder& operator[](Resource resource) { return all_[std::size_t(resource)]; }
  [[nodiscard]] const Holder& operator[](Resource resource) const {
    return all_[std::size_t(resource)];
  }
  [[nodiscard]] bool any() const;
  friend bool operator==(const Holders&, const Holders&) = default;

 private:
  std::array<Holder, kAllResources.size()> all_;
};

// The same note for every resource: nothing holds any.
[[nodiscard]] Holders held_by_nothing(const std::string& note);

// Where to look: the contents of /proc/self/mountinfo and /proc/self/cgroup.
struct Search {
  std::string mounts;
  std::string own_groups;
  // A path below each hierarchy's mount point, made where it is missing; empty: the group in which
  // this process is, so that what bounds the agent bounds its jobs.
  std::string root;
};

struct Hierarchy {
  Version version = Version::kNone;
  std::vector<std::string> controllers;  // of v1; v2 says itself, group by group
  std::string mount_point;
  std::string group;  // below the mount point, "" or "/a/b"

  [[nodiscard]] std::string folder() const { return mount_point + group; }
};

// The cgroup hierarchies that are mounted, v2 first, in the order of the mounts. Pure.
[[nodiscard]] std::vector<Hierarchy> hierarchies_in(const Search& search);

// Tries each by making a group in it and removing that again. In a v2 hierarchy whose group is ours
// this process moves into a group `usine-agent` below where that lets controllers be handed down.
[[nodiscard]] Holders find_holders(const Search& search);

// "processes=v2 memory=v1 pids=none ..." for the log, with the reasons of each none behind it.
[[nodiscard]] std::string describe(const Holders& holders);

}  // namespace usine::contain
