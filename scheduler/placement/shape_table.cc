#include "scheduler/placement/shape_table.h"

namespace usine {
namespace {

std::uint64_t closeness_of(const NodeShape& shape, std::size_t i, std::size_t j) {
  const GpuShape& a = shape.gpus[i];
  const GpuShape& b = shape.gpus[j];
  std::uint64_t score = std::uint64_t{shape.gpu_link_mbps(i, j)} << 16;
  if (a.pci_switch != kUnknownPlace && a.pci_switch == b.pci_switch) score += 256;
  if (a.numa != kUnknownPlace && a.numa == b.numa) score += 1;
  return score;
}

CoreSet cores_of_package(const NodeShape& shape, std::int16_t package) {
  CoreSet cores;
  for (std::size_t i = 0; i < shape.cores.size(); ++i) {
    if (shape.cores[i].package == package) cores.insert(i);
  }
  return cores;
}

}  // namespace

ShapeTable::ShapeTable(const NodeShape& of) : shape(&of), gpus(of.gpus.size()) {
  for (std::size_t i = 0; i < gpus; ++i) {
    for (std::size_t j = 0; j < gpus; ++j) close.push_back(closeness_of(of, i, j));
  }
  for (std::size_t i = 0; i < of.numa_nodes.size(); ++i) {
    cores_of_numa.push_back(of.cores_of_numa(static_cast<std::int16_t>(i)));
    package_of_numa.push_back(cores_of_package(of, of.numa_nodes[i].package));
  }
}

}  // namespace usine
