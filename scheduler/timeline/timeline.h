// Future availability: which shares of a node come free and when at the latest, since every job has
// a time limit, and which are claimed: for starts that have been promised, for places that are
// kept, for reservations. Answers from when on so much of a node is free for so long. Kept up to
// date by events, never rebuilt. Owned by the planner's Machine; pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/allocation.h"

namespace usine {

// A share of one node by its size.
struct Amount {
  std::int64_t cores = 0;
  std::int64_t gpus = 0;
  std::int64_t memory_mib = 0;

  Amount& operator+=(const Amount& other);
  Amount& operator-=(const Amount& other);
  [[nodiscard]] bool covers(const Amount& other) const {
    return cores >= other.cores && gpus >= other.gpus && memory_mib >= other.memory_mib;
  }
  friend bool operator==(const Amount&, const Amount&) = default;
};

[[nodiscard]] Amount amount_of(const NodeShare& share);

// More than any node has: a claim of all of it.
inline constexpr Amount kWholeNode{1LL << 40, 1LL << 40, 1LL << 40};

// For whom room comes or goes: a job that leaves by its limit, a job that has been promised a
// start, a job whose place is kept while others make room, or a window of a reservation.
struct Party {
  enum class Kind : std::uint8_t { kRunning, kPromised, kKept, kReserved };
  Kind kind = Kind::kRunning;
  std::uint64_t number = 0;  // a job's id; of reservations, whatever their owner counts

  friend bool operator==(const Party&, const Party&) = default;
};

class Timeline {
 public:
  static constexpr Time kNever = Time::max();

  // Forgets everything; nodes are numbered from 0, and none has more GPUs than `gpus_max`.
  void reset(std::size_t nodes, std::size_t gpus_max);

  // What is free on the node now; nullopt: it takes no work.
  void set_free(NodeId node, const std::optional<Amount>& free);

  // `share` of `job` comes free by `at`.
  void add_release(JobId job, Time at, const NodeShare& share);
  void remove_release(JobId job, NodeId node);

  // So much of a node is for `party` from `from` until `until`.
  struct Claim {
    Party party;
    Amount amount;
    Time from;
    Time until;
  };
  void add_claim(NodeId node, const Claim& claim);
  // All claims of the party on that node.
  void remove_claims(const Party& party, NodeId node);

  // ---- one node
  [[nodiscard]] bool is_claimed(NodeId node) const { return claimed_place_[node.value] != kNone; }

  [[nodiscard]] bool has_claim(const Party& party, NodeId node) const {
    return is_claimed(node) &&
           std::ranges::find(nodes_[node.value].changes, party, &Change::party) !=
               nodes_[node.value].changes.end();
  }

  // What is asked of a node: so much of it, for so long, from `from` on at the earliest.
  struct Wish {
    Amount amount;
    Millis length{0};
    Time from{};
  };
  // The earliest start at which the wish holds to its end; kNever where none does. A release that
  // is overdue counts as due at wish.from.
  [[nodiscard]] Time earliest(NodeId node, const Wish& wish) const;
  // Whether it may start at wish.from.
  [[nodiscard]] bool is_free(NodeId node, const Wish& wish) const {
    return earliest(node, wish) == wish.from;
  }

  // ---- all nodes
  // More GPUs than this no node has.
  [[nodiscard]] std::size_t gpus_max() const { return gpus_max_; }
  // By node: from when on that many GPUs are free if no claim counts, Time::min() where they are
  // free now, kNever where they never are.
  [[nodiscard]] std::span<const Time> ready(std::size_t gpus) const {
    return std::span(ready_).subspan(std::min(gpus, gpus_max_ + 1) * nodes_.size(), nodes_.size());
  }
  // In no order that means anything.
  [[nodiscard]] std::span<const NodeId> claimed() const { return claimed_; }
  // Parallel to claimed(): until when that many of the GPUs that are free now may be used before
  // they are claimed, kNever where no claim stands in the way, Time::min() where they are not free.
  [[nodiscard]] std::span<const Time> open_until(std::size_t gpus) const {
    return open_until_[std::min(gpus, gpus_max_ + 1)];
  }
  [[nodiscard]] Time open_until(NodeId node, std::size_t gpus) const {
    return open_until(gpus)[claimed_place_[node.value]];
  }
  // Claimed nodes that take work and have at least that many GPUs free now.
  [[nodiscard]] std::uint32_t claimed_with_gpus(std::size_t gpus) const {
    return claimed_with_gpus_[std::min(gpus, gpus_max_ + 1)];
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // Of the room on a node.
  struct Change {
    Time at;
    Party party;
    bool begins = false;  // of a claim, else its end or a release
    Amount difference;    // negative where a claim begins
  };
  struct Node {
    std::vector<Change> changes;  // in order of time
    std::optional<Amount> free;
    std::int64_t claimed_gpus = 0;   // of all claims, whenever they begin
    std::int64_t counted_gpus = -1;  // in claimed_with_gpus_; -1: not at all
  };

  void insert(NodeId node, const Change& change);
  void erase(NodeId node, const Party& party);
  void follow(NodeId node);
  void follow_claims(NodeId node);
  void say_ready(NodeId node);
  void say_claimed(NodeId node, bool claimed);
  void say_open_until(NodeId node);
  void count_claimed(NodeId node);
  [[nodiscard]] std::int64_t free_gpus(const Node& node) const;

  std::vector<Node> nodes_;
  std::size_t gpus_max_ = 0;
  std::vector<Time> ready_;  // by number of GPUs, one more than any node has included, then node
  std::vector<NodeId> claimed_;
  std::vector<std::uint32_t> claimed_place_;      // by node: in claimed_
  std::vector<std::vector<Time>> open_until_;     // by number of GPUs, then as claimed_
  std::vector<std::uint32_t> claimed_with_gpus_;  // by number of GPUs
};

}  // namespace usine
