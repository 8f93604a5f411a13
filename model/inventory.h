// What an agent knows of its node: the shape (topology/) with the GPUs that the driver tells of
// (gpu/) merged into it. Pure; neither of the two knows the other.
#pragma once

#include <vector>

#include "gpu/device.h"
#include "topology/node_shape.h"

namespace usine {

// Puts what the driver says into the shape. GPUs are matched by bus id; those that only the driver
// knows are added, and GPUs come in the driver's order, which CUDA_VISIBLE_DEVICES speaks of.
// Failed devices are taken out: the node then has fewer GPUs than configured, and says so. Links
// are taken from the driver where it knows any. Without devices the shape stays as it is.
void add_gpus(NodeShape& shape, const std::vector<GpuDevice>& devices);

// The devices of an emulated node, as its driver would tell of them.
[[nodiscard]] std::vector<GpuDevice> emulated_gpus(const NodeShape& shape);

}  // namespace usine
