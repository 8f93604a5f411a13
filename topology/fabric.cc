#include "topology/fabric.h"

#include <set>

#include "common/check.h"

namespace usine {
namespace {

void find_torus_faults(const std::vector<Domain>& domains, std::vector<std::string>& found) {
  std::vector<std::uint32_t> children(domains.size(), 0);
  for (std::size_t i = 1; i < domains.size(); ++i) {
    if (domains[i].parent.value < i) ++children[domains[i].parent.value];
  }
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const Domain& domain = domains[i];
    const Domain& parent = domains[domain.parent.value < i ? domain.parent.value : i];
    const bool is_block = &parent != &domain && parent.wiring == Wiring::kTorus;
    if (is_block && children[i] > 0) {
      found.push_back("'" + domain.name + "' is a block of the torus '" + parent.name +
                      "' and cannot hold other domains");
    }
    if (domain.wiring == Wiring::kTorus && children[i] != domain.dimensions.volume()) {
      found.push_back("the torus '" + domain.name + "' of " + to_string(domain.dimensions) +
                      " needs " + std::to_string(domain.dimensions.volume()) +
                      " domains in it, its blocks, and has " + std::to_string(children[i]));
    }
  }
}

}  // namespace

std::string_view to_string(DomainKind kind) {
  switch (kind) {
    case DomainKind::kCluster: return "cluster";
    case DomainKind::kSite: return "site";
    case DomainKind::kCell: return "cell";
    case DomainKind::kRack: return "rack";
    case DomainKind::kNvlink: return "nvlink";
    case DomainKind::kLeaf: return "leaf";
  }
  CHECK_THAT(false);
}

std::string_view to_string(Wiring wiring) {
  switch (wiring) {
    case Wiring::kTree: return "tree";
    case Wiring::kDragonfly: return "dragonfly";
    case Wiring::kTorus: return "torus";
  }
  CHECK_THAT(false);
}

std::vector<DomainId> Fabric::path_to_root(DomainId domain) const {
  CHECK_THAT(domain.value < domains.size());
  std::vector<DomainId> path{domain};
  // A parent's index is smaller than its child's (faults() says so where it is not), so this ends.
  while (path.back().value != 0) {
    const DomainId parent = domains[path.back().value].parent;
    CHECK_THAT(parent < path.back());
    path.push_back(parent);
  }
  return path;
}

std::uint32_t Fabric::distance(DomainId a, DomainId b) const {
  CHECK_THAT(a.value < domains.size() && b.value < domains.size());
  std::uint32_t edges = 0;
  // The larger index of two cannot be an ancestor of the smaller, so it is the one to lift.
  while (a != b) {
    DomainId& lower = a < b ? b : a;
    const DomainId parent = domains[lower.value].parent;
    CHECK_THAT(parent < lower);
    lower = parent;
    ++edges;
  }
  return edges;
}

std::vector<std::optional<DomainId>> Fabric::domains_at(DomainKind level) const {
  std::vector<std::optional<DomainId>> at(domains.size());
  for (std::uint32_t i = 0; i < at.size(); ++i) {
    const Domain& domain = domains[i];
    at[i] = domain.kind == level ? DomainId{i} : at[domain.parent.value];
  }
  return at;
}

std::vector<std::string> Fabric::faults() const {
  if (domains.empty()) return {"the fabric has no domain, not even its root"};
  std::vector<std::string> found;
  if (domains[0].parent != DomainId{0}) {
    found.push_back("the root '" + domains[0].name + "' is not its own parent");
  }
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const Domain& domain = domains[i];
    if (domain.name.empty()) found.push_back("domain " + std::to_string(i) + " has no name");
    if (!names.insert(domain.name).second) {
      found.push_back("two domains are called '" + domain.name + "'");
    }
    if (i == 0) continue;
    if (domain.parent.value >= i) {
      found.push_back("'" + domain.name + "' stands before its parent");
    } else if (domains[domain.parent.value].kind >= domain.kind) {
      found.push_back("'" + domain.name + "' is a " + std::string(to_string(domain.kind)) +
                      " and cannot lie in a " +
                      std::string(to_string(domains[domain.parent.value].kind)));
    }
  }
  find_torus_faults(domains, found);
  return found;
}

}  // namespace usine
