#include "topology/node_shape.h"

#include <algorithm>
#include <set>

#include "common/check.h"
#include "common/units.h"

namespace usine {

namespace {

// "6 of 8 GPUs (0000:1b:00.0, 0000:c3:00.0 missing)". Empty where nothing is missing. Devices are
// told apart by `name_of` where it is known for all of them on both sides, else only counted.
template <typename Device, typename NameOf>
std::string missing_devices(const std::vector<Device>& expected, const std::vector<Device>& found,
                            NameOf name_of, const std::string& plural) {
  const auto named = [&](const Device& device) { return !name_of(device).empty(); };
  std::vector<std::string> missing;
  if (std::ranges::all_of(expected, named) && std::ranges::all_of(found, named)) {
    std::multiset<std::string> present;
    for (const Device& device : found) present.insert(name_of(device));
    for (const Device& device : expected) {
      const auto match = present.find(name_of(device));
      if (match == present.end()) {
        missing.push_back(name_of(device));
      } else {
        present.erase(match);
      }
    }
  } else {
    missing.resize(expected.size() > found.size() ? expected.size() - found.size() : 0);
  }
  if (missing.empty()) return {};
  std::string phrase = std::to_string(expected.size() - missing.size()) + " of " +
                       std::to_string(expected.size()) + " " + plural;
  if (missing.front().empty()) return phrase;
  for (std::size_t i = 0; i < missing.size(); ++i) phrase += (i == 0 ? " (" : ", ") + missing[i];
  return phrase + " missing)";
}

}  // namespace

std::int64_t NodeShape::memory_mib() const {
  std::int64_t sum = 0;
  for (const NumaShape& numa : numa_nodes) sum += numa.gpu_memory ? 0 : numa.memory_mib;
  return sum;
}

std::size_t NodeShape::pus() const {
  std::size_t sum = 0;
  for (const CoreShape& core : cores) sum += core.pus.size();
  return sum;
}

std::uint32_t NodeShape::gpu_link_mbps(std::size_t i, std::size_t j) const {
  CHECK_THAT(i < gpus.size() && j < gpus.size());
  if (gpu_links_mbps.empty()) return 0;
  CHECK_THAT(gpu_links_mbps.size() == gpus.size() * gpus.size());
  return gpu_links_mbps[i * gpus.size() + j];
}

GpuSet NodeShape::present_gpus() const {
  GpuSet set;
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    if (!gpus[i].missing) set.insert(i);
  }
  return set;
}

CoreSet NodeShape::cores_of_numa(std::int16_t numa) const {
  CoreSet set;
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (cores[i].numa == numa) set.insert(i);
  }
  return set;
}

std::vector<std::string> NodeShape::faults() const {
  std::vector<std::string> found;
  const auto at_most = [&](std::size_t count, std::size_t limit, const char* plural) {
    if (count <= limit) return;
    found.push_back(std::to_string(count) + ' ' + plural + "; a node can have at most " +
                    std::to_string(limit));
  };
  at_most(cores.size(), CoreSet::kCapacity, "cores");
  at_most(gpus.size(), GpuSet::kCapacity, "GPUs");
  at_most(nics.size(), NicSet::kCapacity, "NICs");
  if (cores.empty()) found.emplace_back("no core");
  const auto place = [&](std::int16_t numa, const std::string& who) {
    if (numa >= kUnknownPlace && numa < static_cast<std::int64_t>(numa_nodes.size())) return;
    found.push_back(who + " lies in NUMA domain " + std::to_string(numa) + ", and there are " +
                    std::to_string(numa_nodes.size()));
  };
  for (std::size_t i = 0; i < cores.size(); ++i) place(cores[i].numa, "core " + std::to_string(i));
  for (std::size_t i = 0; i < gpus.size(); ++i) place(gpus[i].numa, "GPU " + std::to_string(i));
  for (std::size_t i = 0; i < nics.size(); ++i) place(nics[i].numa, "NIC " + nics[i].name);
  if (!gpu_links_mbps.empty() && gpu_links_mbps.size() != gpus.size() * gpus.size()) {
    found.push_back("a link table of " + std::to_string(gpu_links_mbps.size()) + " entries for " +
                    std::to_string(gpus.size()) + " GPUs");
  }
  return found;
}

std::vector<std::string> missing_from(const NodeShape& expected, const NodeShape& found) {
  std::vector<std::string> phrases;
  const auto add = [&](std::string phrase) {
    if (!phrase.empty()) phrases.push_back(std::move(phrase));
  };
  add(missing_devices(
      expected.gpus, found.gpus, [](const GpuShape& gpu) { return gpu.bus_id; }, "GPUs"));
  add(missing_devices(
      expected.nics, found.nics, [](const NicShape& nic) { return nic.name; }, "NICs"));
  if (found.cores.size() < expected.cores.size()) {
    add(std::to_string(found.cores.size()) + " of " + std::to_string(expected.cores.size()) +
        " cores");
  }
  // The kernel keeps some memory for itself, and how much differs between two boots.
  if (found.memory_mib() * 100 < expected.memory_mib() * 98) {
    add(format_memory_mib(found.memory_mib()) + " of " + format_memory_mib(expected.memory_mib()) +
        " memory");
  }
  return phrases;
}

NodeShape at_places_of(const NodeShape& expected, NodeShape found) {
  const auto unknown = [](const GpuShape& gpu) { return gpu.bus_id.empty(); };
  if (std::ranges::any_of(expected.gpus, unknown) || std::ranges::any_of(found.gpus, unknown)) {
    return found;
  }
  std::vector<GpuShape> gpus;
  std::vector<std::size_t> places;  // in `found`, found.gpus.size() for a hole
  const auto add = [&](const GpuShape& gpu, std::size_t place) {
    gpus.push_back(gpu);
    places.push_back(place);
  };
  for (const GpuShape& gpu : expected.gpus) {
    const auto here = std::ranges::find(found.gpus, gpu.bus_id, &GpuShape::bus_id);
    if (here != found.gpus.end()) {
      add(*here, static_cast<std::size_t>(here - found.gpus.begin()));
    } else {
      add({.bus_id = gpu.bus_id, .model = gpu.model, .missing = true}, found.gpus.size());
    }
  }
  for (std::size_t i = 0; i < found.gpus.size(); ++i) {
    const std::string& bus_id = found.gpus[i].bus_id;
    const bool placed = std::ranges::find(gpus, bus_id, &GpuShape::bus_id) != gpus.end();
    if (!placed) add(found.gpus[i], i);
  }
  if (gpus.size() > GpuSet::kCapacity) return found;
  std::vector<std::uint32_t> links;
  for (const std::size_t a : places) {
    for (const std::size_t b : places) {
      const bool known = a < found.gpus.size() && b < found.gpus.size();
      if (!found.gpu_links_mbps.empty()) links.push_back(known ? found.gpu_link_mbps(a, b) : 0);
    }
  }
  found.gpus = std::move(gpus);
  found.gpu_links_mbps = std::move(links);
  return found;
}

NodeShape keep_first_gpus(NodeShape shape, std::size_t count) {
  const std::size_t had = shape.gpus.size();
  if (count >= had) return shape;
  std::vector<std::uint32_t> links;
  if (!shape.gpu_links_mbps.empty()) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) links.push_back(shape.gpu_link_mbps(i, j));
    }
  }
  shape.gpus.resize(count);
  shape.gpu_links_mbps = std::move(links);
  return shape;
}

}  // namespace usine
