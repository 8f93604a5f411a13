#include "agent/daemon/containment.h"

#include <charconv>
#include <filesystem>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::agent {
namespace {

constexpr std::uint64_t kProcessesPerJob = 1024;
constexpr std::uint64_t kProcessesPerCore = 256;

// The driver says it in a file of the GPU's bus id; the numbers follow the order in which it found
// the devices, which is mostly ours.
std::uint32_t minor_of(const std::string& bus_id, std::size_t position) {
  constexpr std::string_view kLabel = "Device Minor:";
  const auto text = os::read_file("/proc/driver/nvidia/gpus/" + bus_id + "/information");
  auto number = static_cast<std::uint32_t>(position);
  const std::size_t label = text ? text->find(kLabel) : std::string::npos;
  if (label == std::string::npos) return number;
  const std::size_t digits = text->find_first_of("0123456789", label + kLabel.size());
  if (digits == std::string::npos) return number;
  std::from_chars(text->data() + digits, text->data() + text->size(), number);
  return number;
}

Result<contain::Device> device_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(os::os_error("--allow-device " + path));
  }
  if (!S_ISCHR(status.st_mode)) {
    return fail(ErrorCode::kInvalid, "--allow-device " + path + ": it is no character device");
  }
  return contain::Device{major(status.st_rdev), std::int64_t{minor(status.st_rdev)}};
}

contain::Holders find_holders(const AgentOptions& options) {
  if (options.containment == "none") return contain::held_by_nothing("--containment none");
  return contain::find_holders({.mounts = os::read_file("/proc/self/mountinfo").value_or(""),
                                .own_groups = os::read_file("/proc/self/cgroup").value_or(""),
                                .root = options.cgroup_root});
}

// Users of emulated nodes share this machine and expect their files in /tmp; and jobs of an agent
// whose folder lies there would not find theirs.
contain::PrivateFolders private_folders_for(const AgentOptions& options) {
  if (options.private_folders == "memory") return contain::PrivateFolders::kInMemory;
  bool wanted = options.private_folders == "yes";
  if (options.private_folders == "auto") {
    wanted = ::geteuid() == 0 && options.like.empty() && options.containment != "none" &&
             !options.state_folder.starts_with("/tmp/");
  }
  return wanted ? contain::PrivateFolders::kOnDisk : contain::PrivateFolders::kNone;
}

std::string_view to_string(contain::PrivateFolders kind) {
  if (kind == contain::PrivateFolders::kNone) return "no";
  return kind == contain::PrivateFolders::kInMemory ? "memory" : "yes";
}

Status check_required(const contain::Holders& holders) {
  for (const contain::Resource resource : contain::kAllResources) {
    if (holders[resource].version != contain::Version::kNone) continue;
    return fail(ErrorCode::kUnavailable, "--containment required: nothing holds " +
                                             std::string(to_string(resource)) +
                                             " here: " + holders[resource].note);
  }
  return {};
}

}  // namespace

std::uint64_t processes_max_for(std::size_t cores) {
  return kProcessesPerJob + kProcessesPerCore * cores;
}

Result<Containment> find_containment(const AgentOptions& options,
                                     const std::vector<std::string>& gpu_bus_ids) {
  Containment containment;
  containment.holders = find_holders(options);
  containment.required = options.containment == "required";
  if (containment.required) {
    if (const Status all = check_required(containment.holders); !all) return fail(all.error());
  }
  containment.private_folders = private_folders_for(options);
  containment.prefix = contain::group_prefix(options.node, options.state_folder);
  containment.processes_max = options.processes_max;
  containment.devices = contain::common_devices(os::read_file("/proc/devices").value_or(""));
  for (const std::string& path : options.allowed_devices) {
    const auto device = device_at(path);
    if (!device) return fail(device.error());
    containment.devices.push_back(*device);
  }
  // Simulated GPUs have no files; what a job on an emulated node sees goes by their numbers.
  for (std::size_t i = 0; options.like.empty() && i < gpu_bus_ids.size(); ++i) {
    containment.gpu_minors.push_back(minor_of(gpu_bus_ids[i], i));
  }
  spdlog::info("event=containment {} private_folders={}", contain::describe(containment.holders),
               to_string(containment.private_folders));
  return containment;
}

proto::SpecContainment spec_of(const Containment& containment, AttemptKey key,
                               const proto::SpecNode& node) {
  proto::SpecContainment out;
  out.set_required(containment.required);
  out.set_private_folders(containment.private_folders != contain::PrivateFolders::kNone);
  out.set_tmp_in_memory(containment.private_folders == contain::PrivateFolders::kInMemory);
  if (!containment.holders.any()) return out;
  for (const contain::Resource resource : contain::kAllResources) {
    const contain::Holder& holder = containment.holders[resource];
    proto::SpecHolder& added = *out.add_holders();
    added.set_version(static_cast<std::uint32_t>(holder.version));
    added.set_folder(holder.folder);
  }
  out.set_group(contain::group_name(containment.prefix, key));
  const auto cores = static_cast<std::size_t>(node.cores_size());
  out.set_processes_max(containment.processes_max != 0 ? containment.processes_max
                                                       : processes_max_for(cores));
  const auto allow = [&out](const contain::Device& device) {
    proto::SpecDevice& added = *out.add_devices();
    added.set_major(device.major);
    added.set_minor(device.minor);
  };
  for (const contain::Device& device : containment.devices) allow(device);
  for (const std::uint32_t gpu : node.gpus()) {
    const auto& minors = containment.gpu_minors;
    allow({contain::kNvidiaMajor, gpu < minors.size() ? minors[gpu] : gpu});
  }
  return out;
}

}  // namespace usine::agent
