#include "gpu/discovery/nvml.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "gpu/discovery/nvml_library.h"

namespace usine {

namespace {

using nvml::Functions;
using nvml::Return;

constexpr std::int64_t kMiB = 1024 * 1024;

std::string text_of(const char* buffer, std::size_t size) {
  return {buffer, strnlen(buffer, size)};
}

std::string text_from(Return (*call)(nvml::Device, char*, unsigned), nvml::Device device) {
  std::array<char, nvml::kTextMax> buffer{};
  if (call == nullptr || call(device, buffer.data(), nvml::kTextMax) != Return::kSuccess) return {};
  return text_of(buffer.data(), buffer.size());
}

std::int32_t numa_of(const std::string& sysfs, const std::string& bus_id) {
  std::ifstream file(sysfs + "/bus/pci/devices/" + bus_id + "/numa_node");
  std::int32_t numa = -1;
  return file >> numa ? numa : -1;
}

void add_link(std::vector<GpuLink>& links, const std::string& remote, std::uint32_t mbps) {
  const auto known = std::ranges::find(links, remote, &GpuLink::remote_bus_id);
  if (known == links.end()) {
    links.push_back({remote, mbps});
  } else {
    known->mbps += mbps;
  }
}

// Where one link ends: a GPU's bus id, empty for a switch; nothing where it ends elsewhere (in a
// processor) or the driver does not say.
std::optional<std::string> remote_of(const Functions& call, nvml::Device device, unsigned link) {
  nvml::RemoteType type = nvml::RemoteType::kGpu;
  if (call.link_remote_type == nullptr ||
      call.link_remote_type(device, link, &type) != Return::kSuccess) {
    return std::nullopt;
  }
  if (type == nvml::RemoteType::kSwitch) return "";
  nvml::PciInfo pci{};
  if (type != nvml::RemoteType::kGpu || call.link_remote_pci == nullptr ||
      call.link_remote_pci(device, link, &pci) != Return::kSuccess) {
    return std::nullopt;
  }
  return normal_bus_id(text_of(pci.bus_id.data(), pci.bus_id.size()));
}

void read_links(const Functions& call, nvml::Device device, GpuDevice& gpu) {
  if (call.link_state == nullptr || call.link_version == nullptr) return;
  unsigned down = 0;
  for (unsigned link = 0; link < nvml::kLinksMax; ++link) {
    int active = 0;
    // A GPU without NVLink, or with fewer of them, refuses the question.
    if (call.link_state(device, link, &active) != Return::kSuccess) continue;
    unsigned generation = 0;
    if (active == 0) {
      ++down;
    } else if (call.link_version(device, link, &generation) == Return::kSuccess) {
      const std::optional<std::string> remote = remote_of(call, device, link);
      if (remote) add_link(gpu.links, *remote, nvlink_mbps(generation));
    }
  }
  // All of them down is a board without bridges, which is as it should be.
  if (down > 0 && !gpu.links.empty()) {
    gpu.health = GpuHealth::kDegraded;
    gpu.health_note = std::to_string(down) + " NVLink" + (down == 1 ? "" : "s") + " down";
  }
}

void read_memory_health(const Functions& call, nvml::Device device, GpuDevice& gpu) {
  unsigned corrected = 0;
  unsigned uncorrected = 0;
  unsigned pending = 0;
  unsigned failed = 0;
  if (call.remapped_rows == nullptr ||
      call.remapped_rows(device, &corrected, &uncorrected, &pending, &failed) != Return::kSuccess) {
    return;
  }
  if (failed != 0) {
    gpu.health = GpuHealth::kFailed;
    gpu.health_note = "memory rows could not be remapped";
  } else if (pending != 0 && gpu.health == GpuHealth::kOk) {
    gpu.health = GpuHealth::kDegraded;
    gpu.health_note = "memory rows wait for a reset to be remapped";
  }
}

std::optional<GpuDevice> read_device(const Functions& call, unsigned index,
                                     const std::string& sysfs) {
  nvml::Device device = nullptr;
  const Return opened = call.handle(index, &device);
  if (opened != Return::kSuccess && opened != Return::kGpuIsLost) return std::nullopt;
  nvml::PciInfo pci{};
  if (device == nullptr || call.pci_info(device, &pci) != Return::kSuccess) return std::nullopt;
  GpuDevice gpu;
  gpu.bus_id = normal_bus_id(text_of(pci.bus_id.data(), pci.bus_id.size()));
  gpu.numa_os_index = numa_of(sysfs, gpu.bus_id);
  if (opened == Return::kGpuIsLost) {
    gpu.health = GpuHealth::kFailed;
    gpu.health_note = "has fallen off its bus";
    return gpu;
  }
  gpu.model = text_from(call.name, device);
  gpu.uuid = text_from(call.uuid, device);
  unsigned minor = 0;
  if (call.minor != nullptr && call.minor(device, &minor) == Return::kSuccess) {
    gpu.minor = static_cast<std::int32_t>(minor);
  }
  nvml::Memory memory{};
  if (call.memory != nullptr && call.memory(device, &memory) == Return::kSuccess) {
    gpu.memory_mib = static_cast<std::int64_t>(memory.total / kMiB);
  }
  read_links(call, device, gpu);
  read_memory_health(call, device, gpu);
  return gpu;
}

}  // namespace

Result<std::vector<GpuDevice>> discover_nvml_gpus(const NvmlOptions& options) {
  Result<std::optional<nvml::Library>> library = nvml::Library::load(options.library);
  if (!library) return fail(library.error());
  std::vector<GpuDevice> gpus;
  if (!library->has_value()) return gpus;
  const Functions& call = (*library)->call();
  unsigned count = 0;
  const Return counted = call.count(&count);
  if (counted != Return::kSuccess) {
    return fail(ErrorCode::kUnavailable,
                options.library + " does not count its devices: " + call.error_string(counted));
  }
  for (unsigned i = 0; i < count; ++i) {
    std::optional<GpuDevice> gpu = read_device(call, i, options.sysfs);
    if (gpu) gpus.push_back(*std::move(gpu));
  }
  return gpus;
}

}  // namespace usine
