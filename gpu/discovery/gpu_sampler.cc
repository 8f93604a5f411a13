#include "gpu/discovery/gpu_sampler.h"

#include <cstring>

#include "gpu/device.h"

namespace usine {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

std::optional<GpuSample> sample_of(const nvml::Functions& call, unsigned index) {
  nvml::Device device = nullptr;
  nvml::PciInfo pci{};
  nvml::Utilization use{};
  if (call.handle(index, &device) != nvml::Return::kSuccess) return std::nullopt;
  if (call.pci_info(device, &pci) != nvml::Return::kSuccess) return std::nullopt;
  if (call.utilization(device, &use) != nvml::Return::kSuccess) return std::nullopt;
  GpuSample sample;
  sample.bus_id = normal_bus_id({pci.bus_id.data(), strnlen(pci.bus_id.data(), pci.bus_id.size())});
  sample.busy_percent = use.gpu > 100 ? 100 : use.gpu;
  nvml::Memory memory{};
  if (call.memory != nullptr && call.memory(device, &memory) == nvml::Return::kSuccess) {
    sample.memory_mib = static_cast<std::int64_t>(memory.used / kMiB);
  }
  return sample;
}

}  // namespace

Result<std::optional<GpuSampler>> GpuSampler::open(const NvmlOptions& options) {
  Result<std::optional<nvml::Library>> library = nvml::Library::load(options.library);
  if (!library) return fail(library.error());
  if (!library->has_value() || (*library)->call().utilization == nullptr) return std::nullopt;
  return std::optional(GpuSampler(**std::move(library)));
}

std::vector<GpuSample> GpuSampler::sample() const {
  std::vector<GpuSample> samples;
  unsigned count = 0;
  if (library_.call().count(&count) != nvml::Return::kSuccess) return samples;
  for (unsigned i = 0; i < count; ++i) {
    if (auto sample = sample_of(library_.call(), i)) samples.push_back(*std::move(sample));
  }
  return samples;
}

}  // namespace usine
