// The changes to a request that what_if.h tries: one a wish that could be loosened. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/cluster.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

// Variations of one group are alternatives, the mildest first: once one helps, the others are not
// tried.
enum class VariationGroup : std::uint8_t { kLimit, kNodes, kPartition, kPlace };

struct Variation {
  VariationGroup group = VariationGroup::kLimit;
  std::string option;                         // "--time=01:00:00"
  std::optional<Seconds> limit;               // set on the waiting job itself
  std::shared_ptr<const JobRequest> request;  // else: submitted in its place
};

// `free_nodes`: nodes of its partition that could hold its only component's share now.
[[nodiscard]] std::vector<Variation> variations_of(const ClusterConfig& config, const Job& job,
                                                   std::uint32_t free_nodes);

}  // namespace usine
