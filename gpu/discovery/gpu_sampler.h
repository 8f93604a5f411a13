// How busy the GPUs of this machine are, asked of the management library, which stays loaded for as
// long as a sampler lives. One thread at a time: a sick driver may keep it waiting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "gpu/discovery/nvml.h"
#include "gpu/discovery/nvml_library.h"

namespace usine {

struct GpuSample {
  std::string bus_id;
  std::uint32_t busy_percent = 0;  // of the driver's last sampling period, at most a second
  std::int64_t memory_mib = 0;     // in use by all processes

  friend bool operator==(const GpuSample&, const GpuSample&) = default;
};

class GpuSampler {
 public:
  // Nothing where there is no library, no driver, or one that cannot tell. Error: kUnavailable.
  [[nodiscard]] static Result<std::optional<GpuSampler>> open(const NvmlOptions& options = {});

  // Of those devices that answer, in the library's order.
  [[nodiscard]] std::vector<GpuSample> sample() const;

 private:
  explicit GpuSampler(nvml::Library library) : library_(std::move(library)) {}
  nvml::Library library_;
};

}  // namespace usine
