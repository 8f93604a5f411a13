// Which nodes of the fabric a gang takes, given how many would do in each domain: the smallest
// domain that holds the gang, in it the fewest parts of each level, the smallest sufficient part
// last, or what its wiring asks for instead; on a leaf the fullest nodes. The same search serves
// what is free now and what will be.
// Owned by whoever plans; pure, keeps its buffers between searches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.h"
#include "model/topology_request.h"
#include "scheduler/placement/domain_tree.h"
#include "scheduler/placement/group_spread.h"
#include "scheduler/placement/torus_search.h"

namespace usine {

// The last word on single nodes.
class NodeTest {
 public:
  virtual ~NodeTest() = default;
  [[nodiscard]] virtual bool fits(NodeId node) const = 0;
  // Lower is taken first.
  [[nodiscard]] virtual std::uint64_t fullness(NodeId node) const = 0;
};

enum class SearchResult : std::uint8_t {
  kFound = 0,
  kTooFew = 1,    // fewer nodes would do than the gang has
  kNoDomain = 2,  // enough, but not so near to each other as they must be
};

class DomainSearch {
 public:
  explicit DomainSearch(const DomainTree& tree);

  // By place: upper bounds of how many nodes would do, set by the caller before each choice; those
  // of a domain cover its children. Spoilt by choose().
  [[nodiscard]] std::span<std::uint32_t> counts() { return counts_; }
  // Adds one node to the counts of its leaf and everything above it.
  void count(NodeId node);
  // Makes every domain's count the sum of its own nodes' and its children's.
  void sum_up();
  // Counts every node that fits, one by one.
  void count_all(const NodeTest& test);

  // Appends `nodes` nodes to `chosen`, or nothing.
  [[nodiscard]] SearchResult choose(const NodeTest& test, std::uint32_t nodes,
                                    const TopologyRequest& topology, std::vector<NodeId>& chosen);
  // After kNoDomain: the nodes of the best domain that was allowed.
  [[nodiscard]] std::uint32_t nearest() const { return nearest_; }

 private:
  struct Gang {
    const NodeTest& test;
    std::uint32_t nodes;
    const TopologyRequest& topology;
    std::vector<NodeId>& chosen;
  };

  [[nodiscard]] SearchResult search(Gang& gang);
  [[nodiscard]] SearchResult search_segments(Gang& gang);
  [[nodiscard]] SearchResult search_few_leaves(Gang& gang);
  [[nodiscard]] SearchResult search_shape(Gang& gang);
  // The fullest torus with a free cuboid for the gang; none: size().
  [[nodiscard]] DomainPlace torus_for(const Gang& gang);
  [[nodiscard]] bool is_block(DomainPlace place, const TopologyRequest& topology) const;
  // The smallest domain that is allowed and has room for `nodes` by these counts; none: size().
  [[nodiscard]] DomainPlace smallest(std::span<const std::uint32_t> counts, std::uint32_t nodes,
                                     const TopologyRequest& topology) const;
  std::uint32_t take(DomainPlace place, std::uint32_t nodes, Gang& gang);
  // The leaves that a part of `place` takes, where its wiring has a say in that; else none.
  [[nodiscard]] std::span<const LeafShare> laid_out(DomainPlace place, std::uint32_t nodes,
                                                    const Gang& gang);
  std::uint32_t take_each(std::span<const LeafShare> leaves, Gang& gang);
  std::uint32_t take_nodes(DomainPlace place, std::uint32_t nodes, Gang& gang);
  template <typename IsPart>
  void gather(DomainPlace domain, IsPart is_part);
  void note_nearest(std::span<const std::uint32_t> counts, const TopologyRequest& topology);

  const DomainTree* tree_;
  GroupSpread spread_;
  TorusSearch torus_;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> segments_;  // by place: that fit
  std::vector<DomainPlace> parts_;       // of one domain, while it is looked through
  std::vector<NodeId> fitting_;          // of one leaf
  std::uint32_t nearest_ = 0;
};

}  // namespace usine
