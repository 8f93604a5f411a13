// How many nodes have at least so much free, counted for every pool at every domain of the fabric
// and kept up to date with each change of a node: what would be a walk over nodes is one look at a
// number. Owned by the machine; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scheduler/placement/domain_tree.h"
#include "scheduler/placement/pools.h"

namespace usine {

// What a node counts as. One that takes no work now counts as nothing.
struct NodeRoom {
  bool open = false;
  bool idle = false;  // no job on it
  std::uint16_t gpus = 0;
  std::uint16_t cores = 0;

  friend bool operator==(const NodeRoom&, const NodeRoom&) = default;
};

class Room {
 public:
  Room() = default;
  Room(const ClusterConfig& config, const Pools& pools, const DomainTree& tree);

  // The node at `place` in `pool` has changed; `before` is what was said of it last.
  void change(std::uint32_t pool, DomainPlace place, const NodeRoom& before, const NodeRoom& after);

  // By domain place: nodes of the pool that are open and have at least that many GPUs free.
  [[nodiscard]] std::span<const std::uint32_t> with_gpus(std::uint32_t pool,
                                                         std::size_t gpus) const;
  [[nodiscard]] std::span<const std::uint32_t> idle(std::uint32_t pool) const;
  // An upper bound: cores are counted in steps of a quarter of the node.
  [[nodiscard]] std::span<const std::uint32_t> with_cores(std::uint32_t pool,
                                                          std::size_t cores) const;
  // GPUs and cores of a node of the pool when idle.
  [[nodiscard]] std::size_t gpus_of(std::uint32_t pool) const { return kinds_[pool].gpus; }
  [[nodiscard]] std::size_t cores_of(std::uint32_t pool) const { return kinds_[pool].cores; }

 private:
  // Rows of a pool: open, at least 1 ... gpus GPUs, idle, at least 1 ... kCoreSteps steps of cores.
  static constexpr std::size_t kCoreSteps = 4;
  struct Kind {
    std::size_t gpus = 0;
    std::size_t cores = 0;
    std::size_t first_row = 0;
  };

  [[nodiscard]] std::size_t idle_row(const Kind& kind) const {
    return kind.first_row + kind.gpus + 1;
  }
  [[nodiscard]] static std::size_t steps_of(const Kind& kind, std::size_t cores);
  [[nodiscard]] std::span<const std::uint32_t> row(std::size_t number) const {
    return std::span(counts_).subspan(number * places_, places_);
  }
  void add(std::size_t row, DomainPlace place, std::uint32_t difference);
  void add_rows(std::size_t first, std::size_t before, std::size_t after, DomainPlace place);

  std::size_t places_ = 0;
  std::vector<Kind> kinds_;            // by pool
  std::vector<DomainPlace> parents_;   // by place
  std::vector<std::uint32_t> counts_;  // by row, then place
};

}  // namespace usine
