// The queue run ahead, coarsely: jobs start in their order where enough of enough nodes is free,
// those that run end when they are expected to, and for the first that wait nodes are kept, which
// others may use until then by their time limits (backfill, as in promise.h). Counts units of nodes
// instead of placing, and takes ends that lie close to each other together. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/core/running_limits.h"
#include "scheduler/estimate/nodes.h"

namespace usine {

// Times are seconds from the moment at which the run begins.
struct EstimateRunning {
  std::vector<std::uint32_t> nodes;
  std::vector<std::uint16_t> units;  // parallel
  std::int64_t ends_s = 0;           // as expected
  std::int64_t gone_s = 0;           // at the latest
  LimitUse use{};
};

struct EstimateWaiting {
  std::uint32_t demand = 0;     // index
  std::int64_t limit_s = 0;     // with the grace of a stop
  std::int64_t expected_s = 0;  // its run
  std::int64_t opens_s = 0;     // it does not start before
  std::uint32_t copies = 1;     // tasks of an array: one more each time that one starts
  std::uint32_t waits_for = 0;  // index of its first in EstimateProblem::waits
  std::uint32_t waits_count = 0;
  bool waits_for_any = false;  // one of them suffices
  LimitUse use{};
};

// Another job that must have ended before, or only started.
struct EstimateWait {
  enum class For : std::uint8_t { kEnd, kStart, kNever };
  For what = For::kEnd;
  bool runs = false;        // its place is in `running`, else in `waiting`
  std::uint32_t index = 0;  // there
};

struct EstimateProblem {
  EstimateNodes nodes;
  std::vector<EstimateDemand> demands;
  std::vector<EstimateRunning> running;
  std::vector<EstimateWaiting> waiting;  // in the order of the queue
  std::vector<EstimateWait> waits;
  RunningLimits limits;  // with what runs counted
  bool limited = false;  // whether there is any limit
  std::size_t kept_max = EstimateNodes::kKeptMax;
};

// Bounds of one run.
inline constexpr std::size_t kEstimateStepsMax = 3000;
inline constexpr std::uint64_t kEstimateLooksMax = 2'000'000;  // at nodes, to keep them

// By place in `waiting`: when the job starts; none where it does not within the run.
[[nodiscard]] std::vector<std::optional<std::int64_t>> run_ahead(EstimateProblem problem);

}  // namespace usine
