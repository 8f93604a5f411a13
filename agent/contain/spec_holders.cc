#include "agent/contain/spec_holders.h"

namespace usine::contain {

Holders holders_in(const proto::SpecContainment& from) {
  Holders holders;
  for (const Resource resource : kAllResources) {
    const auto position = static_cast<int>(resource);
    if (position >= from.holders_size()) break;
    const proto::SpecHolder& holder = from.holders(position);
    if (holder.version() > static_cast<std::uint32_t>(Version::kV2)) continue;
    Holder& added = holders[resource];
    added.version = static_cast<Version>(holder.version());
    added.folder = holder.folder();
  }
  return holders;
}

}  // namespace usine::contain
