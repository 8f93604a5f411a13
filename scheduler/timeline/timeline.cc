#include "scheduler/timeline/timeline.h"

#include <algorithm>

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
  nodes_.assign(nodes, {});
  gpus_max_ = gpus_max;
  ready_.assign((gpus_max + 2) * nodes, kNever);
  claimed_.clear();
  claimed_place_.assign(nodes, kNone);
  open_until_.assign(gpus_max + 2, {});
  claimed_with_gpus_.assign(gpus_max + 2, 0);
}

// ---- what changes ------------------------------------------------------------------------------

void Timeline::set_free(NodeId node, const std::optional<Amount>& free) {
  nodes_[node.value].free = free;
  follow(node);
}

void Timeline::add_release(JobId job, Time at, const NodeShare& share) {
  insert(share.node, {at, {Party::Kind::kRunning, job.value}, false, amount_of(share)});
  follow(share.node);
}

void Timeline::remove_release(JobId job, NodeId node) {
  erase(node, {Party::Kind::kRunning, job.value});
  follow(node);
}

void Timeline::add_claim(NodeId node, const Claim& claim) {
  Amount taken;
  taken -= claim.amount;
  insert(node, {claim.from, claim.party, true, taken});
  insert(node, {claim.until, claim.party, false, claim.amount});
  nodes_[node.value].claimed_gpus += claim.amount.gpus;
  say_claimed(node, true);
  follow_claims(node);
}

void Timeline::remove_claims(const Party& party, NodeId node) {
  erase(node, party);
  bool any = false;
  std::int64_t gpus = 0;
  for (const Change& change : nodes_[node.value].changes) {
    any = any || change.begins;
    gpus -= change.begins ? change.difference.gpus : 0;
  }
  nodes_[node.value].claimed_gpus = gpus;
  say_claimed(node, any);
  follow_claims(node);
}

void Timeline::insert(NodeId node, const Change& change) {
  std::vector<Change>& changes = nodes_[node.value].changes;
  changes.insert(std::ranges::upper_bound(changes, change.at, {}, &Change::at), change);
}

void Timeline::erase(NodeId node, const Party& party) {
  std::erase_if(nodes_[node.value].changes,
                [&party](const Change& change) { return change.party == party; });
}

// ---- what is said of all nodes -----------------------------------------------------------------

void Timeline::follow(NodeId node) {
  say_ready(node);
  follow_claims(node);
}

void Timeline::follow_claims(NodeId node) {
  count_claimed(node);
  if (is_claimed(node)) say_open_until(node);
}

// As they are counted; -1 where the node takes no work.
std::int64_t Timeline::free_gpus(const Node& node) const {
  return node.free ? std::min(node.free->gpus, static_cast<std::int64_t>(gpus_max_)) : -1;
}

void Timeline::say_ready(NodeId id) {
  const Node& node = nodes_[id.value];
  std::size_t next = 0;  // GPUs whose time is still to be said
  const auto say = [&](std::int64_t gpus, Time at) {
    for (; next <= gpus_max_ && static_cast<std::int64_t>(next) <= gpus; ++next) {
      ready_[next * nodes_.size() + id.value] = at;
    }
  };
  if (node.free) {
    std::int64_t gpus = node.free->gpus;
    say(gpus, Time::min());
    for (const Change& change : node.changes) {
      if (change.party.kind != Party::Kind::kRunning) continue;
      gpus += change.difference.gpus;
      say(gpus, change.at);
    }
  }
  say(static_cast<std::int64_t>(gpus_max_), kNever);
}

void Timeline::say_claimed(NodeId node, bool claimed) {
  if (claimed == is_claimed(node)) return;
  std::uint32_t& place = claimed_place_[node.value];
  if (claimed) {
    place = static_cast<std::uint32_t>(claimed_.size());
    claimed_.push_back(node);
    for (std::vector<Time>& times : open_until_) times.push_back(Time::min());
    return;
  }
  // The last one takes its place.
  claimed_place_[claimed_.back().value] = place;
  claimed_[place] = claimed_.back();
  claimed_.pop_back();
  for (std::vector<Time>& times : open_until_) {
    times[place] = times.back();
    times.pop_back();
  }
  place = kNone;
}

// Where a claim begins, what is free then bounds what may be used from now on beyond that time.
void Timeline::say_open_until(NodeId id) {
  const Node& node = nodes_[id.value];
  const std::uint32_t place = claimed_place_[id.value];
  std::int64_t most = free_gpus(node);  // that no claim so far has met
  for (std::size_t gpus = 0; gpus <= gpus_max_; ++gpus) {
    const bool free = static_cast<std::int64_t>(gpus) <= most;
    open_until_[gpus][place] = free ? kNever : Time::min();
  }
  if (node.claimed_gpus == 0) return;
  std::int64_t room = node.free ? node.free->gpus : 0;
  for (auto next = node.changes.begin(); next != node.changes.end() && most >= 0;) {
    const Time at = next->at;
    bool begins = false;
    for (; next != node.changes.end() && next->at == at; ++next) {
      room += next->difference.gpus;
      begins = begins || next->begins;
    }
    if (!begins) continue;
    for (; most > room && most >= 0; --most)
      open_until_[static_cast<std::size_t>(most)][place] = at;
  }
}

void Timeline::count_claimed(NodeId id) {
  Node& node = nodes_[id.value];
  const std::int64_t gpus = is_claimed(id) ? free_gpus(node) : -1;
  for (; node.counted_gpus < gpus; ++node.counted_gpus) {
    ++claimed_with_gpus_[static_cast<std::size_t>(node.counted_gpus + 1)];
  }
  for (; node.counted_gpus > gpus; --node.counted_gpus) {
    --claimed_with_gpus_[static_cast<std::size_t>(node.counted_gpus)];
  }
}

// ---- one node ----------------------------------------------------------------------------------

Time Timeline::earliest(NodeId id, const Wish& wish) const {
  const Node& node = nodes_[id.value];
  if (!node.free) return kNever;
  Amount room = *node.free;
  auto next = node.changes.begin();
  for (; next != node.changes.end() && next->at <= wish.from; ++next) room += next->difference;
  Time start = room.covers(wish.amount) ? wish.from : kNever;  // there has been room since
  while (next != node.changes.end()) {
    const Time at = next->at;
    if (start != kNever && at - start >= wish.length) return start;
    for (; next != node.changes.end() && next->at == at; ++next) room += next->difference;
    if (!room.covers(wish.amount)) {
      start = kNever;
    } else if (start == kNever) {
      start = at;
    }
  }
  return start;
}

}  // namespace usine
