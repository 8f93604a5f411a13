// One GPU as its driver tells of it: identity, memory, links and health. Made by discovery/ (NVML)
// or from a machine's shape for emulated nodes. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace usine {

enum class GpuHealth : std::uint8_t {
  kOk = 0,
  kDegraded = 1,  // works, but slower or with a repair due: a link down, a row to be remapped
  kFailed = 2,    // must not be given to a job
};

[[nodiscard]] std::string_view to_string(GpuHealth health);

// The links of one GPU that end at one place, added up.
struct GpuLink {
  std::string remote_bus_id;  // of another GPU; empty where they end at a switch
  std::uint32_t mbps = 0;     // one way, MB/s

  friend bool operator==(const GpuLink&, const GpuLink&) = default;
};

struct GpuDevice {
  std::string bus_id;  // "0000:1b:00.0"
  std::string uuid;    // "GPU-..."; empty where not known
  std::string model;
  std::int64_t memory_mib = 0;  // 0: not known
  std::int32_t minor = -1;      // N of /dev/nvidiaN; -1: not known
  std::int32_t numa_os_index = -1;
  std::vector<GpuLink> links;
  GpuHealth health = GpuHealth::kOk;
  std::string health_note;  // what is wrong, for people; empty when kOk

  friend bool operator==(const GpuDevice&, const GpuDevice&) = default;
};

// "00000000:1B:00.0", as NVML writes it, becomes "0000:1b:00.0", as Linux does.
[[nodiscard]] std::string normal_bus_id(std::string_view bus_id);

// table[i * devices.size() + j]: one-way bandwidth from GPU i to GPU j in MB/s over direct links
// and switches; empty where no device has a link. Two GPUs meet in a switch with the smaller of
// what each has to switches.
[[nodiscard]] std::vector<std::uint32_t> link_table(const std::vector<GpuDevice>& devices);

// One-way bandwidth of one NVLink of a generation (1 to 5) in MB/s; 0 for one that is not known.
// From NVIDIA's published figures: 20, 25, 25, 25 and 50 GB/s.
[[nodiscard]] std::uint32_t nvlink_mbps(std::uint32_t generation);

}  // namespace usine
