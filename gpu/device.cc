#include "gpu/device.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/check.h"

namespace usine {

std::string_view to_string(GpuHealth health) {
  switch (health) {
    case GpuHealth::kOk: return "ok";
    case GpuHealth::kDegraded: return "degraded";
    case GpuHealth::kFailed: return "failed";
  }
  CHECK_THAT(false);
}

std::string normal_bus_id(std::string_view bus_id) {
  constexpr std::size_t kDomainDigits = 4;
  const std::size_t colon = bus_id.find(':');
  if (colon != std::string_view::npos && colon > kDomainDigits) {
    const std::string_view surplus = bus_id.substr(0, colon - kDomainDigits);
    if (surplus.find_first_not_of('0') == std::string_view::npos) {
      bus_id.remove_prefix(surplus.size());
    }
  }
  std::string normal(bus_id);
  for (char& c : normal) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return normal;
}

std::vector<std::uint32_t> link_table(const std::vector<GpuDevice>& devices) {
  const std::size_t count = devices.size();
  const auto has_links = [](const GpuDevice& device) { return !device.links.empty(); };
  if (std::ranges::none_of(devices, has_links)) return {};
  std::vector<std::uint32_t> table(count * count);
  std::vector<std::uint32_t> to_switches(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (const GpuLink& link : devices[i].links) {
      if (link.remote_bus_id.empty()) to_switches[i] += link.mbps;
      const auto remote = std::ranges::find(devices, link.remote_bus_id, &GpuDevice::bus_id);
      if (remote == devices.end()) continue;
      table[i * count + static_cast<std::size_t>(remote - devices.begin())] += link.mbps;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      if (i != j) table[i * count + j] += std::min(to_switches[i], to_switches[j]);
    }
  }
  return table;
}

std::uint32_t nvlink_mbps(std::uint32_t generation) {
  constexpr std::array<std::uint32_t, 6> kMbps = {0, 20'000, 25'000, 25'000, 25'000, 50'000};
  return generation < kMbps.size() ? kMbps[generation] : 0;
}

}  // namespace usine
