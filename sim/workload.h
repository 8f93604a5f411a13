// Made-up job lists for machines of which there is no public trace, from a seed. docs/scheduling.md
// has the distributions in words. Pure: equal settings give equal lists.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace.h"

namespace usine::sim {

struct WorkloadSettings {
  std::uint64_t seed = 1;
  std::uint32_t jobs = 20'000;
  std::uint64_t gpus = 100'800;  // of the machine
  double load = 0.9;             // GPU time asked for, over what the machine has while jobs come
};

// A gigafactory that serves many: most jobs take one GPU, most of the time goes into gangs, the
// largest of them 16,384 GPUs. Ascending by submission.
[[nodiscard]] std::vector<TraceJob> giga_mix(const WorkloadSettings& settings);

}  // namespace usine::sim
