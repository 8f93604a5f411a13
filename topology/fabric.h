// The fabric as a tree of placement domains, from the whole machine down to the leaf switches that
// nodes hang on. Domains are in one flat list, parents before children; nodes name their leaf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"

namespace usine {

enum class DomainKind : std::uint8_t {
  kSite = 0,
  kCell = 1,  // or group of a dragonfly
  kRack = 2,  // or NVLink domain
  kLeaf = 3,  // the switch that nodes hang on
};

[[nodiscard]] std::string_view to_string(DomainKind kind);

struct Domain {
  std::string name;
  DomainKind kind = DomainKind::kSite;
  DomainId parent;  // the root is its own parent

  friend bool operator==(const Domain&, const Domain&) = default;
};

struct Fabric {
  std::vector<Domain> domains;  // domains[0] is the root; parents come before their children

  // The chain from `domain` up to and including the root.
  [[nodiscard]] std::vector<DomainId> path_to_root(DomainId domain) const;
  // The number of edges on the tree between two domains: 0 for one and the same.
  [[nodiscard]] std::uint32_t distance(DomainId a, DomainId b) const;
  // One line a rule that is broken (parent order, names twice); empty for a sound tree.
  [[nodiscard]] std::vector<std::string> faults() const;

  friend bool operator==(const Fabric&, const Fabric&) = default;
};

template <typename A>
void fields(A& a, Domain& v) {
  a(v.name, v.kind, v.parent);
}
template <typename A>
void fields(A& a, Fabric& v) {
  a(v.domains);
}

}  // namespace usine
