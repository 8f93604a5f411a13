// What placement asks of a node's shape again and again, worked out once: the cores of each NUMA
// domain and of its package, how close each pair of GPUs is. One table serves all nodes of a shape.
// Pure value.
#pragma once

#include <cstdint>
#include <vector>

#include "topology/node_shape.h"

namespace usine {

struct ShapeTable {
  explicit ShapeTable(const NodeShape& shape);

  // For GPUs i and j: the bandwidth of their link first, then a shared PCIe switch, then a shared
  // NUMA domain.
  [[nodiscard]] std::uint64_t closeness(std::size_t i, std::size_t j) const {
    return close[i * gpus + j];
  }

  const NodeShape* shape;  // outlives the table
  std::size_t gpus = 0;
  std::vector<std::uint64_t> close;      // i * gpus + j
  std::vector<CoreSet> cores_of_numa;    // by index of the domain
  std::vector<CoreSet> package_of_numa;  // the cores of the package that the domain lies in
};

}  // namespace usine
