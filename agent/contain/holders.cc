#include "agent/contain/holders.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>
#include <unistd.h>

#include "agent/contain/device_filter.h"
#include "agent/contain/group_files.h"
#include "common/os/os_error.h"

namespace usine::contain {
namespace {

constexpr const char* kOwnLeaf = "/usine-agent";

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// A line of mountinfo (proc(5)): id, parent, device, root, mount point, options and optional fields
// up to "-", then type, source and the options of the file system.
struct Mount {
  std::string root;
  Hierarchy hierarchy;
};

std::optional<Mount> parse_mount(const std::string& line) {
  const std::vector<std::string> words = split(line, ' ');
  const auto dash = std::ranges::find(words, "-");
  if (words.size() < 6 || words.end() - dash < 4) return std::nullopt;
  const std::string& type = dash[1];
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  Mount mount{words[3], {}};
  mount.hierarchy.version = type == "cgroup2" ? Version::kV2 : Version::kV1;
  mount.hierarchy.mount_point = words[4];
  if (type == "cgroup") mount.hierarchy.controllers = split(dash[3], ',');
  return mount;
}

// This process's group in the hierarchy, from lines "ID:CONTROLLERS:PATH".
std::string own_group_in(const Hierarchy& hierarchy, const std::string& own_groups) {
  for (const std::string& line : split(own_groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
    const bool is_this = hierarchy.version == Version::kV2
                             ? controllers.empty()
                             : std::ranges::any_of(controllers, [&](const std::string& one) {
                                 return contains(hierarchy.controllers, one);
                               });
    if (is_this) return line.substr(second + 1);
  }
  return {};
}

// Where a group lies below a mount that shows only what is below `root`, as containers have it.
std::string below(const std::string& root, std::string group) {
  if (root != "/" && group.starts_with(root)) group.erase(0, root.size());
  if (group == "/" || group.starts_with("/..")) return {};
  return group;
}

std::string_view controller_of(Resource resource) {
  switch (resource) {
    case Resource::kProcesses: return "freezer";
    case Resource::kMemory: return "memory";
    case Resource::kPids: return "pids";
    case Resource::kCpuset: return "cpuset";
    case Resource::kDevices: return "devices";
  }
  return {};
}

// A group of a v2 hierarchy with processes in it hands no controller down; where they are ours they
// can go into a leaf.
Status hand_down(const std::string& folder, std::string_view controller) {
  const std::string file = folder + "/cgroup.subtree_control";
  const auto already = read_value(file);
  if (!already) return fail(already.error());
  if (contains(split(*already, ' '), controller)) return {};
  const std::string line = '+' + std::string(controller);
  const Status handed = write_value(file, line);
  if (handed) return {};
  if (const Status leaf = make_group(folder + kOwnLeaf); !leaf) return handed;
  const auto self = std::to_string(::getpid());
  if (!write_value(folder + kOwnLeaf + "/cgroup.procs", self)) return handed;
  return write_value(file, line);
}

// Makes the groups from the mount point down to the root that the site has named.
Status make_root(const Hierarchy& hierarchy, const std::string& root) {
  std::string at = hierarchy.mount_point;
  for (const std::string& name : split(root, '/')) {
    if (name.empty()) continue;
    if (hierarchy.version == Version::kV2) {
      const auto offered = split(read_value(at + "/cgroup.controllers").value_or(""), ' ');
      for (const char* const controller : {"cpuset", "memory", "pids"}) {
        if (contains(offered, controller)) static_cast<void>(hand_down(at, controller));
      }
    }
    const std::string parent = at;
    at += '/' + name;
    if (const Status made = make_group(at); !made) return made;
    if (!contains(hierarchy.controllers, "cpuset")) continue;
    for (const char* const kind : {"mems", "cpus"}) {
      const auto whole = read_value(parent + "/cpuset.effective_" + kind);
      if (whole) static_cast<void>(write_value(at + "/cpuset." + kind, *whole));
    }
  }
  return {};
}

// One hierarchy with a group of a moment in it, which shows what may be done there.
class Trial {
 public:
  explicit Trial(const Hierarchy& hierarchy)
      : hierarchy_(hierarchy),
        group_(hierarchy.folder() + "/usine-trial-" + std::to_string(::getpid())),
        made_(make_group(group_)) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    if (made_) remove_group(group_);
  }

  [[nodiscard]] bool offers(Resource resource) const {
    const std::string_view controller = controller_of(resource);
    if (hierarchy_.version == Version::kV1) return contains(hierarchy_.controllers, controller);
    if (resource == Resource::kProcesses || resource == Resource::kDevices) return true;
    const auto offered = read_value(hierarchy_.folder() + "/cgroup.controllers");
    return offered && contains(split(*offered, ' '), controller);
  }
  [[nodiscard]] Status can_hold(Resource resource) const {
    if (!made_ || hierarchy_.version == Version::kV1) return made_;
    if (resource == Resource::kProcesses) return freeze_group(Version::kV2, group_, false);
    if (resource == Resource::kDevices) return limit_devices_v2(group_, {});
    return hand_down(hierarchy_.folder(), controller_of(resource));
  }

 private:
  const Hierarchy& hierarchy_;
  std::string group_;
  Status made_;
};

}  // namespace

std::string_view to_string(Resource resource) {
  switch (resource) {
    case Resource::kProcesses: return "processes";
    case Resource::kMemory: return "memory";
    case Resource::kPids: return "pids";
    case Resource::kCpuset: return "cpuset";
    case Resource::kDevices: return "devices";
  }
  return "?";
}

std::string_view to_string(Version version) {
  switch (version) {
    case Version::kNone: return "none";
    case Version::kV1: return "v1";
    case Version::kV2: return "v2";
  }
  return "?";
}

bool Holders::any() const {
  return std::ranges::any_of(all_, [](const Holder& one) { return one.version != Version::kNone; });
}

Holders held_by_nothing(const std::string& note) {
  Holders holders;
  for (const Resource resource : kAllResources) holders[resource].note = note;
  return holders;
}

std::vector<Hierarchy> hierarchies_in(const Search& search) {
  std::vector<Hierarchy> found;
  for (const std::string& line : split(search.mounts, '\n')) {
    std::optional<Mount> mount = parse_mount(line);
    if (!mount) continue;
    Hierarchy& hierarchy = mount->hierarchy;
    hierarchy.group = search.root.empty()
                          ? below(mount->root, own_group_in(hierarchy, search.own_groups))
                          : below("/", search.root);
    found.push_back(std::move(hierarchy));
  }
  std::ranges::stable_sort(
      found, [](const Hierarchy& a, const Hierarchy& b) { return a.version > b.version; });
  return found;
}

Holders find_holders(const Search& search) {
  Holders holders = held_by_nothing("no mounted cgroup hierarchy has it");
  for (const Hierarchy& hierarchy : hierarchies_in(search)) {
    const Status rooted = make_root(hierarchy, search.root);
    const Trial trial(hierarchy);
    for (const Resource resource : kAllResources) {
      Holder& holder = holders[resource];
      if (holder.version != Version::kNone || !trial.offers(resource)) continue;
      const Status can = rooted ? trial.can_hold(resource) : rooted;
      if (can) {
        holder = {hierarchy.version, hierarchy.folder(), {}};
      } else {
        holder.note = can.error().message;
      }
    }
  }
  return holders;
}

std::string describe(const Holders& holders) {
  std::string line;
  std::string notes;
  for (const Resource resource : kAllResources) {
    const Holder& holder = holders[resource];
    if (!line.empty()) line += ' ';
    line += std::string(to_string(resource)) + '=' + std::string(to_string(holder.version));
    if (holder.version != Version::kNone) continue;
    notes += ' ' + std::string(to_string(resource)) + "_why=\"" + holder.note + '"';
  }
  return line + notes;
}

}  // namespace usine::contain
