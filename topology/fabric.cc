#include "topology/fabric.h"

#include <set>

#include "common/check.h"

namespace usine {

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
  return found;
}

}  // namespace usine
