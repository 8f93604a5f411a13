// The shape of one node: packages, NUMA domains, cores, GPUs, NICs and the links between them, as
// plain values. discovery/ makes them from hwloc or from a machine file; the core places with them.
// Indexes are the shape's own: core i is cores[i], GPU i is gpus[i], NIC i is nics[i].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/index_set.h"

namespace usine {

// Where a device or core hangs is unknown.
inline constexpr std::int16_t kUnknownPlace = -1;

struct CoreShape {
  std::int16_t package = 0;
  std::int16_t numa = 0;           // index in NodeShape::numa_nodes
  std::vector<std::uint32_t> pus;  // operating-system indexes of its hardware threads

  friend bool operator==(const CoreShape&, const CoreShape&) = default;
};

struct NumaShape {
  std::uint32_t os_index = 0;
  std::int16_t package = 0;  // the first it serves; kUnknownPlace for memory of no package
  std::int64_t memory_mib = 0;
  bool gpu_memory = false;  // a GPU's memory shown as a domain (Power9, Grace): not for tasks

  friend bool operator==(const NumaShape&, const NumaShape&) = default;
};

struct GpuShape {
  std::string bus_id;           // "0000:1b:00.0"; a partition's ends in "/N"
  std::string model;            // "NVIDIA H100 80GB HBM3"
  std::int64_t memory_mib = 0;  // 0: not known
  std::int16_t numa = kUnknownPlace;
  std::int16_t pci_switch = kUnknownPlace;  // devices with one number hang on one PCIe switch
  bool missing = false;  // the node's class has it here and the node has it not: see at_places_of()

  friend bool operator==(const GpuShape&, const GpuShape&) = default;
};

struct NicShape {
  std::string name;  // "mlx5_0"
  std::string bus_id;
  std::int16_t numa = kUnknownPlace;
  std::int16_t pci_switch = kUnknownPlace;

  friend bool operator==(const NicShape&, const NicShape&) = default;
};

struct NodeShape {
  std::string name;  // of the machine or class, for people: "dgx-h100"
  std::int16_t packages = 1;
  std::vector<NumaShape> numa_nodes;
  std::vector<CoreShape> cores;
  std::vector<GpuShape> gpus;
  std::vector<NicShape> nics;
  // gpu_links_mbps[i * gpus.size() + j]: one-way NVLink or xGMI bandwidth from GPU i to GPU j in
  // MB/s, 0 where they meet over PCIe only. Empty when nothing is known.
  std::vector<std::uint32_t> gpu_links_mbps;

  // Of the host: without the domains that are GPU memory.
  [[nodiscard]] std::int64_t memory_mib() const;
  [[nodiscard]] std::size_t pus() const;
  // 0 where unknown; symmetric in what discovery produces.
  [[nodiscard]] std::uint32_t gpu_link_mbps(std::size_t i, std::size_t j) const;
  // Indexes of those that are not missing.
  [[nodiscard]] GpuSet present_gpus() const;
  // The cores of one NUMA domain.
  [[nodiscard]] CoreSet cores_of_numa(std::int16_t numa) const;
  // One line a rule that is broken: more devices or cores than their sets hold, places that do not
  // exist, a link table of the wrong size. Empty for a sound shape.
  [[nodiscard]] std::vector<std::string> faults() const;

  friend bool operator==(const NodeShape&, const NodeShape&) = default;
};

// What `found` lacks against `expected` in devices, cores or memory (more than 2 % less), one
// phrase a kind: "6 of 8 GPUs (0000:1b:00.0, 0000:c3:00.0 missing)". Empty: nothing is lacking.
// Bus ids are compared where both sides know them, else counts.
[[nodiscard]] std::vector<std::string> missing_from(const NodeShape& expected,
                                                    const NodeShape& found);

// `found` with its GPUs at the indexes that `expected` gives them by bus id, so that an index means
// the same device whatever the node has lost: what it lacks is a hole there, what it has beyond
// comes behind. As it was where some bus id is not known.
[[nodiscard]] NodeShape at_places_of(const NodeShape& expected, NodeShape found);

// The shape without its GPUs from number `count` on, and without their links.
[[nodiscard]] NodeShape keep_first_gpus(NodeShape shape, std::size_t count);

template <typename A>
void fields(A& a, CoreShape& v) {
  a(v.package, v.numa, v.pus);
}
template <typename A>
void fields(A& a, NumaShape& v) {
  a(v.os_index, v.package, v.memory_mib, v.gpu_memory);
}
template <typename A>
void fields(A& a, GpuShape& v) {
  a(v.bus_id, v.model, v.memory_mib, v.numa, v.pci_switch, v.missing);
}
template <typename A>
void fields(A& a, NicShape& v) {
  a(v.name, v.bus_id, v.numa, v.pci_switch);
}
template <typename A>
void fields(A& a, NodeShape& v) {
  a(v.name, v.packages, v.numa_nodes, v.cores, v.gpus, v.nics, v.gpu_links_mbps);
}

}  // namespace usine
