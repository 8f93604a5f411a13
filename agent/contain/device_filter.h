// Which device files a job may open, make or use: nothing but what is on the list. Held by the
// device controller of cgroup v1, or by a small BPF program on a group of v2, since v2 has no files
// for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace usine::contain {

// A character device, or all of a major number. Block devices are never for jobs.
struct Device {
  static constexpr std::int64_t kAll = -1;

  std::uint32_t major = 0;
  std::int64_t minor = kAll;

  friend bool operator==(const Device&, const Device&) = default;
};

inline constexpr std::uint32_t kNvidiaMajor = 195;  // of /dev/nvidiaN, registered with Linux

// What every job may have: null, zero, full, random, urandom, tty, pseudo terminals, fuse, and of
// `majors` (the content of /proc/devices) the control devices of GPUs and InfiniBand's verbs.
[[nodiscard]] std::vector<Device> common_devices(const std::string& majors);

[[nodiscard]] Status limit_devices_v1(const std::string& group, const std::vector<Device>& allowed);
[[nodiscard]] Status limit_devices_v2(const std::string& group, const std::vector<Device>& allowed);

}  // namespace usine::contain
