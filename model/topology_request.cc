#include "model/topology_request.h"

#include <algorithm>

#include "common/check.h"

namespace usine {

std::string_view to_string(SegmentOrder order) {
  switch (order) {
    case SegmentOrder::kFree: return "free";
    case SegmentOrder::kSpread: return "spread";
    case SegmentOrder::kConsolidate: return "consolidate";
  }
  CHECK_THAT(false);
}

std::vector<TorusSize> shapes_of(const TopologyRequest& topology) {
  if (topology.shape_turns) return turned(topology.shape);
  return {topology.shape};
}

DomainKind segment_level_on(const TopologyRequest& topology, const Fabric& fabric) {
  if (topology.segment_level) return *topology.segment_level;
  const bool has_nvlink = std::ranges::any_of(
      fabric.domains, [](const Domain& domain) { return domain.kind == DomainKind::kNvlink; });
  return has_nvlink ? DomainKind::kNvlink : DomainKind::kLeaf;
}

}  // namespace usine
