// A cluster's fabric counted up: nodes and GPUs of every domain, how many of the nodes are idle,
// and how large a gang fits in one domain of each level. What the drawings of fabric_show.h draw.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/cluster.h"

namespace usine::tools {

struct DomainSum {
  std::uint32_t nodes = 0;
  std::uint64_t gpus = 0;
  std::uint32_t idle_nodes = 0;
  std::uint64_t idle_gpus = 0;
  std::vector<std::uint32_t> children;  // domains
};

// One level of the fabric, with the domain of it that has most idle nodes.
struct LevelSum {
  DomainKind level = DomainKind::kSite;
  std::uint32_t domains = 0;
  std::uint32_t roomiest = 0;       // a domain
  std::uint32_t largest_nodes = 0;  // of any domain, idle or not
};

// A gang of so many whole nodes: where the lowest domain is that holds it now.
struct GangFit {
  std::uint32_t nodes = 0;
  std::uint64_t gpus = 0;             // on nodes of the commonest class
  std::optional<DomainKind> level{};  // none: nowhere
  std::uint32_t holding = 0;          // domains of that level that could each hold one
  std::uint32_t domains = 0;          // of that level
};

struct FabricSums {
  std::vector<DomainSum> domains;  // by DomainId
  std::vector<LevelSum> levels;    // from the outside in
  std::vector<GangFit> gangs;      // 1, 2, 4, ... nodes and as many as the largest of each level
};

// "leaves", "cells".
[[nodiscard]] std::string plural_of(DomainKind kind);

// `idle`: the names of the nodes that are wholly free; none: all of them.
[[nodiscard]] FabricSums sum_up(const ClusterConfig& config,
                                const std::optional<std::set<std::string>>& idle = std::nullopt);

}  // namespace usine::tools
