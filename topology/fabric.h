// The fabric as a tree of placement domains, from the whole machine down to what nodes hang on:
// leaf switches or, where no switch is told of, any other domain without children. Domains are in
// one flat list, parents before children; nodes name the one they hang on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "topology/torus.h"

namespace usine {

// From the outside in: a domain lies in one of a smaller kind.
enum class DomainKind : std::uint8_t {
  kCluster = 0,  // of several sites, none of which a job ever leaves
  kSite = 1,
  kCell = 2,  // or group of a dragonfly
  kRack = 3,
  kNvlink = 4,  // nodes whose GPUs reach each other over NVLink
  kLeaf = 5,    // the switch that nodes hang on
};

inline constexpr std::array kDomainKinds = {DomainKind::kCluster, DomainKind::kSite,
                                            DomainKind::kCell,    DomainKind::kRack,
                                            DomainKind::kNvlink,  DomainKind::kLeaf};

[[nodiscard]] std::string_view to_string(DomainKind kind);

// How the domains that lie in one are joined.
enum class Wiring : std::uint8_t {
  kTree = 0,       // by switches above them: the fewer of them a job takes, the better
  kDragonfly = 1,  // each with every other: a job that one does not hold uses the links of many
  kTorus = 2,      // each with its neighbours: a job takes a cuboid of them
};

inline constexpr std::array kWirings = {Wiring::kTree, Wiring::kDragonfly, Wiring::kTorus};

[[nodiscard]] std::string_view to_string(Wiring wiring);

struct Domain {
  std::string name;
  DomainKind kind = DomainKind::kSite;
  DomainId parent;  // the root is its own parent
  Wiring wiring = Wiring::kTree;
  // Of a torus: its children are its blocks, in the order of their positions. Else empty.
  TorusSize dimensions = {};

  friend bool operator==(const Domain&, const Domain&) = default;
};

struct Fabric {
  std::vector<Domain> domains;  // domains[0] is the root; parents come before their children

  // The chain from `domain` up to and including the root.
  [[nodiscard]] std::vector<DomainId> path_to_root(DomainId domain) const;
  // The number of edges on the tree between two domains: 0 for one and the same.
  [[nodiscard]] std::uint32_t distance(DomainId a, DomainId b) const;
  // By domain: the one of `level` that it is or lies in; none where it lies in no such.
  [[nodiscard]] std::vector<std::optional<DomainId>> domains_at(DomainKind level) const;
  // One line a rule that is broken (parent order, names twice, blocks of a torus that are too many,
  // too few or hold others); empty for a sound tree.
  [[nodiscard]] std::vector<std::string> faults() const;

  friend bool operator==(const Fabric&, const Fabric&) = default;
};

template <typename A>
void fields(A& a, Domain& v) {
  a(v.name, v.kind, v.parent, v.wiring, v.dimensions);
}
template <typename A>
void fields(A& a, Fabric& v) {
  a(v.domains);
}

}  // namespace usine
