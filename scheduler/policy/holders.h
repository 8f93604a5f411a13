// Who has what another job asks for: the jobs on some nodes, or those that count against a limit,
// the largest of them kept for an answer. Goes by the nodes and not by the jobs, of which many more
// wait. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "common/ids.h"
#include "scheduler/core/state.h"

namespace usine {

// What one job has of nodes that another asks for.
struct Holder {
  JobId job;
  std::uint32_t nodes = 0;
  std::uint64_t gpus = 0;
  std::uint64_t cores = 0;

  friend bool operator==(const Holder&, const Holder&) = default;
};

inline constexpr std::size_t kHoldersShownMax = 5;

// What jobs have of the nodes that are `wanted` (by node): the largest, most GPUs first.
[[nodiscard]] std::vector<Holder> largest_holders(const State& state,
                                                  const std::vector<bool>& wanted);

// What the jobs that hold nodes and that `counts` says yes to have in all: the largest.
[[nodiscard]] std::vector<Holder> largest_holders(const State& state,
                                                  const std::function<bool(const Job&)>& counts);

}  // namespace usine
