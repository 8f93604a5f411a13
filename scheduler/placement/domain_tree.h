// The fabric in the order in which placement walks it: every domain has a place, places are grouped
// by height (0: what nodes hang on), and within one height they follow the tree from left to right,
// siblings by name, blocks of a torus by position, so that neighbours in the order are neighbours
// in the fabric. Children come
// before their parents. Made from the configuration; pure value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.h"
#include "model/cluster.h"

namespace usine {

// Index in DomainTree::places.
using DomainPlace = std::uint32_t;

// So many nodes of a leaf.
struct LeafShare {
  DomainPlace leaf = 0;
  std::uint32_t nodes = 0;
};

class DomainTree {
 public:
  struct Place {
    DomainId domain;
    DomainKind kind = DomainKind::kSite;
    Wiring wiring = Wiring::kTree;  // of its children
    TorusSize dimensions = {};      // of a torus
    DomainPlace parent = 0;         // its own place for the root
    std::uint32_t height = 0;
    bool spans_sites = false;  // no gang may use more of it than one of its sites
    std::uint32_t first_child = 0, child_count = 0;  // in children_
    std::uint32_t first_node = 0, node_count = 0;    // in nodes_: those that hang on it directly
  };

  DomainTree() = default;
  explicit DomainTree(const ClusterConfig& config);

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] const Place& at(DomainPlace place) const { return places_[place]; }
  [[nodiscard]] DomainPlace root() const { return static_cast<DomainPlace>(places_.size() - 1); }
  [[nodiscard]] std::uint32_t heights() const {
    return static_cast<std::uint32_t>(height_begin_.size() - 1);
  }
  // The first place of a height; that of heights() is size().
  [[nodiscard]] DomainPlace begin_of(std::uint32_t height) const { return height_begin_[height]; }
  [[nodiscard]] std::span<const DomainPlace> children(DomainPlace place) const {
    return std::span(children_).subspan(places_[place].first_child, places_[place].child_count);
  }
  // By name.
  [[nodiscard]] std::span<const NodeId> nodes(DomainPlace place) const {
    return std::span(nodes_).subspan(places_[place].first_node, places_[place].node_count);
  }
  [[nodiscard]] DomainPlace place_of(NodeId node) const { return place_of_node_[node.value]; }
  // Nodes in the order of the fabric have ascending ranks: leaf by leaf, by name on each (B35).
  [[nodiscard]] std::uint32_t rank_of(NodeId node) const { return rank_of_node_[node.value]; }

 private:
  std::vector<Place> places_;
  std::vector<DomainPlace> height_begin_{0};
  std::vector<DomainPlace> children_;
  std::vector<NodeId> nodes_;
  std::vector<DomainPlace> place_of_node_;
  std::vector<std::uint32_t> rank_of_node_;
};

}  // namespace usine
