// Adding up what GPUs reach over direct links and over switches. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace usine {

// What is known of the links of the GPUs of one node, in MB/s one way.
struct GpuLinks {
  explicit GpuLinks(std::size_t gpus) : direct(gpus * gpus), to_switches(gpus) {}

  std::vector<std::uint64_t> direct;       // direct[i * gpus + j]: from GPU i to GPU j
  std::vector<std::uint64_t> to_switches;  // from GPU i to all switches together

  // The table of NodeShape::gpu_links_mbps: two GPUs meet in the switches with the smaller of what
  // each has to them. Empty where there is no link at all.
  [[nodiscard]] std::vector<std::uint32_t> table() const;
};

}  // namespace usine
