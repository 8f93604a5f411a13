// GPUs of this machine as NVIDIA's management library tells of them. The library is loaded when
// asked and let go again, so that nothing of ours needs it to build or to start.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "gpu/device.h"

namespace usine {

struct NvmlOptions {
  std::string library = "libnvidia-ml.so.1";  // as dlopen takes it
  std::string sysfs = "/sys";                 // where the NUMA domain of a device is read
};

// The devices in the library's order. No library, no driver and no device are all an empty list:
// most nodes of a machine have none. Error: kUnavailable where the library is there but fails.
// A device that has fallen off its bus is listed as failed where its address is still known.
[[nodiscard]] Result<std::vector<GpuDevice>> discover_nvml_gpus(const NvmlOptions& options = {});

}  // namespace usine
