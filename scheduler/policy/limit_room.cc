#include "scheduler/policy/limit_room.h"

#include <algorithm>
#include <set>

namespace usine {

std::optional<Time> room_until(std::span<const Promise> promises, const Job& job,
                               const ClusterConfig& config) {
  if (!job.attempt) return std::nullopt;
  const Time leaves = latest_end(job, config);
  std::set<NodeId> nodes;
  for (const NodeShare& share : job.attempt->allocation.nodes) nodes.insert(share.node);
  std::optional<Time> room;
  for (const Promise& promise : promises) {
    if (promise.at < leaves || (room && promise.at >= *room)) continue;
    const bool shared = std::ranges::any_of(promise.shares, [&nodes](const Promise::Share& share) {
      return nodes.contains(share.node);
    });
    if (shared) room = promise.at;
  }
  return room;
}

}  // namespace usine
