// What processes used of what they were given, as counted where they ran. Sums add up over tasks,
// steps and nodes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/time.h"

namespace usine {

struct ResourceUse {
  Millis cpu{0};  // user and system time of all processes
  // Of each GPU while somebody looked: how long it was looked at, and how long of that it was busy.
  // Nothing was looked at where there is no driver, as on emulated nodes: then the use is unknown.
  Millis gpu_seen{0};
  Millis gpu_busy{0};
  std::int64_t gpu_memory_mib = 0;  // most on one GPU

  void add(const ResourceUse& other) {
    cpu += other.cpu;
    gpu_seen += other.gpu_seen;
    gpu_busy += other.gpu_busy;
    gpu_memory_mib = std::max(gpu_memory_mib, other.gpu_memory_mib);
  }
  friend bool operator==(const ResourceUse&, const ResourceUse&) = default;
};

template <typename A>
void fields(A& a, ResourceUse& v) {
  a(v.cpu, v.gpu_seen, v.gpu_busy, v.gpu_memory_mib);
}

}  // namespace usine
