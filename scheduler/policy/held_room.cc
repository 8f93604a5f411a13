#include "scheduler/policy/held_room.h"

#include <algorithm>

namespace usine {

HeldRoom::HeldRoom(const Machine& machine, const Timeline& timeline, Time now) {
  for (const NodeId node : machine.held()) {
    const NodeFree& free = machine.free(node);
    if (!free.takes_work) continue;
    const Amount amount{free.core_count, free.gpu_count, free.memory_mib};
    if (longest_.size() <= free.gpu_count) longest_.resize(free.gpu_count + 1);
    for (std::uint32_t gpus = 0; gpus <= free.gpu_count; ++gpus) {
      longest_[gpus].push_back(timeline.longest(node, amount, {0, gpus, 0}, now));
    }
  }
  for (std::vector<Millis>& stays : longest_) std::ranges::sort(stays);
}

std::uint64_t HeldRoom::nodes_for(std::size_t gpus, Millis length) const {
  if (gpus >= longest_.size()) return 0;
  const std::vector<Millis>& stays = longest_[gpus];
  return static_cast<std::uint64_t>(stays.end() - std::ranges::lower_bound(stays, length));
}

}  // namespace usine
