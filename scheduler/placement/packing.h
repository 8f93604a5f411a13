// Where a share of one node does the least damage: on the fullest node that holds it, on the leaf
// with the fewest idle nodes, so that whole nodes and whole leaves stay whole for larger jobs
// (B62). Pure, keeps its buffers between searches.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/placement/demand.h"
#include "scheduler/placement/domain_search.h"
#include "scheduler/placement/machine.h"

namespace usine {

class Packer {
 public:
  explicit Packer(const Machine& machine) : machine_(machine) {}

  // A node that is not claimed and passes `test`; `gpus` (at least 1) is what the share asks for.
  // Looks at the most promising leaves only: none may be found where one is that lacks cores.
  [[nodiscard]] std::optional<NodeId> pack(const PartDemand& part, std::size_t gpus,
                                           const NodeTest& test);

 private:
  [[nodiscard]] std::uint32_t exactly(const PartDemand& part, std::size_t gpus,
                                      DomainPlace place) const;
  void count(const PartDemand& part, std::size_t gpus);
  [[nodiscard]] std::optional<std::uint64_t> next_leaf(std::optional<std::uint64_t> above) const;
  [[nodiscard]] std::optional<NodeId> node_on(DomainPlace leaf, std::size_t gpus,
                                              const NodeTest& test) const;

  const Machine& machine_;
  // By leaf, of those pools of one part that have such nodes: nodes with exactly so many GPUs free,
  // and idle nodes.
  std::vector<std::uint32_t> exact_;
  std::vector<std::uint32_t> idle_;
};

}  // namespace usine
