// The GPU time of a cluster's jobs as its journal has it, part by part: what the history says of
// jobs must be the sum of what was spent on nodes (B84).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace usine::test {

struct GpuTime {
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::int64_t> of_attempt;  // ms, job.attempt
  std::map<std::uint32_t, std::int64_t> of_node;                               // ms
};

// By the parts of attempts that the journal tells of: where each was placed, and how long it took
// on each of its nodes. Throws where the journal cannot be read.
[[nodiscard]] GpuTime gpu_time_of_parts(const std::string& state_folder);

// What the history says: of attempts alone.
[[nodiscard]] GpuTime gpu_time_of_history(const std::string& state_folder);

}  // namespace usine::test
