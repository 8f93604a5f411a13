// Future availability: which shares of a node come free and when at the latest, since every job has
// a time limit, and which are claimed for starts that have been promised. Answers from when on so
// much of a node is free for so long. Kept up to date by events, never rebuilt. Owned by the
// planner; pure.
#pragma once

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

class Timeline {
 public:
  static constexpr Time kNever = Time::max();

  // Forgets everything; nodes are numbered from 0, and none has more GPUs than `gpus_max`.
  void reset(std::size_t nodes, std::size_t gpus_max);

  // `share` of `job` comes free by `at`.
  void add_release(JobId job, Time at, const NodeShare& share);
  void remove_release(JobId job, NodeId node);

  // So much of a node is promised to `job` from `from` until `until`.
  struct Claim {
    JobId job;
    Amount amount;
    Time from;
    Time until;
  };
  void add_claim(NodeId node, const Claim& claim);
  void remove_claim(JobId job, NodeId node);
  [[nodiscard]] bool is_claimed(NodeId node) const { return !nodes_[node.value].claims.empty(); }

  // What is free on the node now; nullopt: it takes no work. To be said after every change of it or
  // of its releases.
  void set_free(NodeId node, const std::optional<Amount>& free);
  // By node: from when on that many GPUs are free if no claim counts, kNever where they never are.
  [[nodiscard]] std::span<const Time> ready(std::size_t gpus) const {
    return std::span(ready_).subspan(gpus * nodes_.size(), nodes_.size());
  }

  // What is asked of a node: so much of it, for so long, from `from` on at the earliest.
  struct Wish {
    Amount amount;
    Millis length{0};
    Time from{};
  };
  // The earliest start at which the wish holds to its end, given what is free now; kNever where
  // none does. A release that is overdue counts as due at wish.from.
  [[nodiscard]] Time earliest(NodeId node, Amount free, const Wish& wish) const;
  // Whether it may start at wish.from.
  [[nodiscard]] bool is_free(NodeId node, const Amount& free, const Wish& wish) const {
    return earliest(node, free, wish) == wish.from;
  }
  // How long `amount` of what is free now may be used from `now` on before it meets a claim;
  // Millis::max() where it meets none.
  [[nodiscard]] Millis longest(NodeId node, const Amount& free, const Amount& amount,
                               Time now) const;

 private:
  struct Release {
    Time at;
    JobId job;
    Amount amount;
  };
  struct Node {
    std::vector<Release> releases;  // in order of time, then job
    std::vector<Claim> claims;
  };

  [[nodiscard]] static Amount room_at(const Node& node, Amount free, Time at);
  [[nodiscard]] static Time earliest_with_claims(const Node& node, const Amount& free,
                                                 const Wish& wish);

  std::vector<Node> nodes_;
  std::size_t gpus_max_ = 0;
  std::vector<Time> ready_;  // by number of GPUs, then node; Time::min() where they are free now
};

}  // namespace usine
