#include "scheduler/policy/reservation.h"

#include <algorithm>
#include <vector>

#include "scheduler/placement/gang.h"

namespace usine {
namespace {

// Where the job fits once the first `count` releases have come about.
std::optional<std::set<NodeId>> nodes_after(Machine& machine,
                                            const std::vector<Timeline::Release>& releases,
                                            std::size_t count, const Job& job) {
  const std::size_t mark = machine.mark();
  for (std::size_t i = 0; i < count; ++i) {
    for (const NodeShare& share : *releases[i].shares) machine.give_back(share);
  }
  const auto place = place_gang(machine, job.partition, *job.request);
  machine.roll_back(mark);
  if (!place) return std::nullopt;
  std::set<NodeId> nodes;
  for (const NodeShare& share : place->nodes) nodes.insert(share.node);
  return nodes;
}

}  // namespace

std::optional<Reservation> reserve(Machine& machine, const Timeline& timeline, const Job& job,
                                   Time now) {
  const std::vector<Timeline::Release> releases = timeline.releases();
  std::size_t low = 0;  // does not fit after this many
  std::size_t high = releases.size();
  auto nodes = nodes_after(machine, releases, high, job);
  if (!nodes || high == 0) return std::nullopt;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    if (auto fewer = nodes_after(machine, releases, middle, job)) {
      high = middle;
      nodes = std::move(fewer);
    } else {
      low = middle;
    }
  }
  return Reservation{job.id, std::max(now, releases[high - 1].at), *std::move(nodes)};
}

Time latest_end(const Job& job, const Timings& timings) {
  const Attempt& attempt = *job.attempt;
  if (attempt.stop) return attempt.stop->at + timings.kill_wait;
  return attempt.started.value_or(attempt.placed) + job.request->time_limit + timings.kill_wait;
}

}  // namespace usine
