// The machine as estimates see it: of each node only which part of it is free, a number of units,
// kept in lists by that number so that the nodes for a gang are found without a look at the others.
// The fabric, and which GPUs of a node are free, are left out. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace usine {

// What a gang takes, for as long as the run (run_ahead.h) knows of it.
struct EstimateDemand {
  std::uint32_t nodes = 0;
  std::vector<std::uint16_t> units;  // by pool: of each node; 0: the pool is not for it
  std::vector<std::uint32_t> pools;  // those with units, ascending
  std::uint16_t units_least = 0;     // of those
};

class EstimateNodes {
 public:
  // Has many divisors, so that an eighth of a node, a forty-eighth or a seventy-second is whole.
  static constexpr std::uint16_t kWhole = 5040;
  // Gangs for which nodes are kept at once.
  static constexpr std::uint32_t kKeptMax = 16;
  static constexpr std::int64_t kNever = std::int64_t{1} << 40;

  EstimateNodes() : EstimateNodes(0, {}) {}
  // Node i lies in pool pool_of[i]; nothing is free yet.
  EstimateNodes(std::size_t pools, std::vector<std::uint32_t> pool_of);

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::uint32_t pool(std::uint32_t node) const { return nodes_[node].pool; }
  [[nodiscard]] std::uint16_t free(std::uint32_t node) const { return nodes_[node].free; }
  void give(std::uint32_t node, std::uint32_t units);
  void take(std::uint32_t node, std::uint32_t units);

  // Keeps nodes for one gang from `at` on: others may use them only until then. There must be room
  // for one more.
  [[nodiscard]] std::uint32_t keep(std::span<const std::uint32_t> nodes, std::int64_t at);
  void let_go(std::uint32_t kept);
  [[nodiscard]] std::size_t kept_count() const { return kept_count_; }
  [[nodiscard]] bool is_kept(std::uint32_t node) const { return nodes_[node].group >= pools_; }

  // Nodes for a gang that leaves them again by `until`, the least free ones first; `own`: what is
  // kept for it, else kKeptMax. False: there are too few, and `chosen` says nothing.
  [[nodiscard]] bool choose(const EstimateDemand& demand, std::int64_t until, std::uint32_t own,
                            std::vector<std::uint32_t>& chosen) const;

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kWords = kWhole / 64 + 1;
  static constexpr std::size_t kSummaryWords = kWords / 64 + 1;

  struct Node {
    std::uint32_t pool = 0;
    std::uint32_t group = 0;  // its pool, or beyond them what it is kept for
    std::uint16_t free = 0;
    std::uint32_t next = kNone;
    std::uint32_t before = kNone;
  };
  // Nodes by what is free on them; those with nothing free are in no list.
  struct Group {
    std::vector<std::uint32_t> first = std::vector<std::uint32_t>(kWhole + 1, kNone);
    std::vector<std::uint32_t> count = std::vector<std::uint32_t>(kWhole + 1, 0);
    std::array<std::uint64_t, kWords> used{};            // by level: whether a node has it
    std::array<std::uint64_t, kSummaryWords> summary{};  // by word of those: whether it is not 0
  };

  void link(std::uint32_t node);
  void unlink(std::uint32_t node);
  void move(std::uint32_t node, std::uint32_t group);
  // The first word of `used` from `from` on that is not 0; kWords: none.
  [[nodiscard]] static std::size_t next_word(const Group& group, std::size_t from);
  // The least number of free units from `from` on that a node of the group has; kWhole + 1: none.
  [[nodiscard]] static std::uint32_t next_level(const Group& group, std::uint32_t from);
  // Of nodes in the group with that many free units, no more than `enough` are counted exactly.
  [[nodiscard]] std::uint32_t count_from(std::uint32_t group, std::uint32_t least,
                                         std::uint32_t enough) const;
  [[nodiscard]] bool may_fit(const EstimateDemand& demand, std::int64_t until,
                             std::uint32_t own) const;
  void collect(std::uint32_t group, const EstimateDemand& demand,
               std::vector<std::uint32_t>& chosen) const;

  std::size_t pools_;
  std::vector<Node> nodes_;
  std::vector<Group> groups_;  // of the pools, then of what is kept
  std::array<std::int64_t, kKeptMax> kept_from_{};
  std::array<bool, kKeptMax> in_use_{};
  std::array<std::vector<std::uint32_t>, kKeptMax> kept_nodes_{};
  std::uint32_t kept_count_ = 0;
};

}  // namespace usine
