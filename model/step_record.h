// A step of a job that is over, as its job's first node knows it, and the batch script, which
// stands beside the steps. Kept in the history and in no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/time.h"
#include "model/resource_use.h"

namespace usine {

struct StepRecord {
  static constexpr std::int64_t kBatch = -1;  // the batch script's number

  std::int64_t step = 0;
  std::string name;  // the first word of its command, without folders
  std::uint32_t tasks = 0;
  std::uint32_t nodes = 0;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;  // that ended a task of it, 0: none
  Time started{};           // by its first node's clock
  Millis elapsed{0};
  std::int64_t peak_memory_mib = 0;  // of its largest task
  ResourceUse use;

  friend bool operator==(const StepRecord&, const StepRecord&) = default;
};

// Those of one attempt. A job may run any number of steps, so that only the first are kept.
struct StepRecords {
  static constexpr std::size_t kKeptMax = 1'000;

  std::vector<StepRecord> kept;
  std::uint64_t left_out = 0;

  [[nodiscard]] bool empty() const { return kept.empty() && left_out == 0; }
  friend bool operator==(const StepRecords&, const StepRecords&) = default;
};

}  // namespace usine
