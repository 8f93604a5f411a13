#include "scheduler/timeline/timeline.h"

#include <algorithm>
#include <utility>

namespace usine {

Amount& Amount::operator+=(const Amount& other) {
  cores += other.cores;
  gpus += other.gpus;
  memory_mib += other.memory_mib;
  return *this;
}

Amount& Amount::operator-=(const Amount& other) {
  cores -= other.cores;
  gpus -= other.gpus;
  memory_mib -= other.memory_mib;
  return *this;
}

Amount amount_of(const NodeShare& share) {
  return {static_cast<std::int64_t>(share.cores.count()),
          static_cast<std::int64_t>(share.gpus.count()), share.memory_mib};
}

void Timeline::reset(std::size_t nodes, std::size_t gpus_max) {
  nodes_.clear();
  nodes_.resize(nodes);
  gpus_max_ = gpus_max;
  ready_.assign((gpus_max + 1) * nodes, kNever);
}

void Timeline::set_free(NodeId node, const std::optional<Amount>& free) {
  std::size_t next = 0;  // GPUs whose time is still to be said
  const auto say = [&](std::int64_t gpus, Time at) {
    for (; next <= gpus_max_ && static_cast<std::int64_t>(next) <= gpus; ++next) {
      ready_[next * nodes_.size() + node.value] = at;
    }
  };
  if (free) {
    std::int64_t gpus = free->gpus;
    say(gpus, Time::min());
    for (const Release& release : nodes_[node.value].releases) {
      gpus += release.amount.gpus;
      say(gpus, release.at);
    }
  }
  say(static_cast<std::int64_t>(gpus_max_), kNever);
}

void Timeline::add_release(JobId job, Time at, const NodeShare& share) {
  std::vector<Release>& releases = nodes_[share.node.value].releases;
  const auto place =
      std::ranges::upper_bound(releases, std::pair(at, job), {},
                               [](const Release& one) { return std::pair(one.at, one.job); });
  releases.insert(place, {at, job, amount_of(share)});
}

void Timeline::remove_release(JobId job, NodeId node) {
  std::erase_if(nodes_[node.value].releases, [job](const Release& one) { return one.job == job; });
}

void Timeline::add_claim(NodeId node, const Claim& claim) {
  nodes_[node.value].claims.push_back(claim);
}

void Timeline::remove_claim(JobId job, NodeId node) {
  std::erase_if(nodes_[node.value].claims, [job](const Claim& one) { return one.job == job; });
}

Time Timeline::earliest(NodeId id, Amount free, const Wish& wish) const {
  const Node& node = nodes_[id.value];
  if (!node.claims.empty()) return earliest_with_claims(node, free, wish);
  // Without claims room only grows: the first time at which it is enough.
  if (free.covers(wish.amount)) return wish.from;
  for (const Release& release : node.releases) {
    free += release.amount;
    if (free.covers(wish.amount)) return std::max(release.at, wish.from);
  }
  return kNever;
}

// What is free now, with the releases until then and without what is claimed then.
Amount Timeline::room_at(const Node& node, Amount free, Time at) {
  for (const Release& release : node.releases) {
    if (release.at <= at) free += release.amount;
  }
  for (const Claim& claim : node.claims) {
    if (claim.from <= at && at < claim.until) free -= claim.amount;
  }
  return free;
}

Millis Timeline::longest(NodeId id, const Amount& free, const Amount& amount, Time now) const {
  const Node& node = nodes_[id.value];
  Millis longest = Millis::max();
  for (const Claim& claim : node.claims) {
    if (room_at(node, free, std::max(claim.from, now)).covers(amount)) continue;
    longest = std::min(longest, std::max(claim.from - now, Millis{0}));
  }
  return longest;
}

// Room changes where a release comes or a claim begins or ends. A start is tried at wish.from, at
// each release and at the end of each claim, since elsewhere room does not grow.
Time Timeline::earliest_with_claims(const Node& node, const Amount& free, const Wish& wish) {
  const auto room_then = [&](Time at) { return room_at(node, free, at); };
  const auto holds_from = [&](Time start) {
    const Time end = start + wish.length;
    if (!room_then(start).covers(wish.amount)) return false;
    return std::ranges::all_of(node.claims, [&](const Claim& claim) {
      const bool begins_within = claim.from > start && claim.from < end;
      return !begins_within || room_then(claim.from).covers(wish.amount);
    });
  };
  Time best = kNever;
  const auto try_at = [&](Time at) {
    const Time start = std::max(at, wish.from);
    if (start < best && holds_from(start)) best = start;
  };
  try_at(wish.from);
  for (const Release& release : node.releases) try_at(release.at);
  for (const Claim& claim : node.claims) try_at(claim.until);
  return best;
}

}  // namespace usine
