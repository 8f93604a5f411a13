// Which cores, GPUs and NICs of one node a job gets: the GPUs with the best links between them,
// then the cores and NICs nearest to those (B54, B55). Pure functions of the shape and what is
// free.
#pragma once

#include "model/allocation.h"
#include "model/request.h"
#include "scheduler/placement/machine.h"
#include "scheduler/placement/shape_table.h"

namespace usine {

// The share; what it asks for must fit. `node` and `component` index are the caller's to set.
[[nodiscard]] NodeShare choose_share(const NodeFree& free, const ShapeTable& table,
                                     const Component& component);

// `count` of the `free` GPUs: the set with the greatest sum of pairwise link bandwidth, near ones
// (same PCIe switch, then same NUMA domain) where links are equal, lowest indexes last. Grown
// greedily from every GPU as a seed, which finds the best group wherever links form groups.
[[nodiscard]] GpuSet choose_gpus(const GpuSet& free, const ShapeTable& table, std::size_t count);

// `count` of the `free` cores: an even part beside each GPU's NUMA domain, the rest in those
// domains, then in their packages, then anywhere. Without GPUs: the fullest NUMA domain that holds
// them all.
[[nodiscard]] CoreSet choose_cores(const CoreSet& free, const ShapeTable& table, const GpuSet& gpus,
                                   std::size_t count);

// The NICs nearest to the GPUs, one for each at most; without GPUs those of the cores' NUMA
// domains, or all where none is known to be near.
[[nodiscard]] NicSet choose_nics(const ShapeTable& table, const GpuSet& gpus, const CoreSet& cores);

}  // namespace usine
