// Which job next: the jobs that could start if there were room, in the order of their ranks
// (priority.h). Jobs whose requests are equal carry one class number, so that a pass decides each
// kind of request once. Kept up to date by events, never rebuilt. Owned by the planner; pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/queue/ordered_list.h"
#include "scheduler/queue/priority.h"

namespace usine {

// Jobs with equal partition and components have equal classes.
using DemandClass = std::uint32_t;

struct QueueEntry {
  RankKey rank;
  // Its rank if nothing were known of its length but the limit: promises give way by this one, so
  // that no guess moves a promised start.
  std::int64_t limit_rank_ms = 0;
  DemandClass demand = 0;
  Millis length{0};   // until its nodes are free again at the latest
  LimitUse use{};     // of RunningLimits
  bool plain = true;  // else an array, with a place kept for it, or naming a reservation

  [[nodiscard]] JobId job() const { return rank.job; }
  [[nodiscard]] bool precedes_by_limit(const QueueEntry& other) const {
    const auto key = [](const QueueEntry& one) {
      return RankKey{one.limit_rank_ms, one.rank.submitted, one.rank.job};
    };
    return key(*this) < key(other);
  }
  friend auto operator<=>(const QueueEntry& a, const QueueEntry& b) { return a.rank <=> b.rank; }
  friend bool operator==(const QueueEntry& a, const QueueEntry& b) { return a.rank == b.rank; }
};

class Queue {
 public:
  // What sets a job's entry apart from its request: its rank, its length, what it counts.
  struct Place {
    RankKey rank;
    std::int64_t limit_rank_ms = 0;
    Millis length{0};
    LimitUse use{};
    bool plain = true;
    std::uint8_t variant = 0;  // of its class: jobs of one request that are placed otherwise
  };

  // Takes the place of the job's earlier entry.
  void put(const Job& job, const Place& place);
  // No-op where the job has none.
  void remove(JobId job);

  [[nodiscard]] const OrderedList<QueueEntry>& entries() const { return entries_; }
  // Those of one class.
  [[nodiscard]] const OrderedList<QueueEntry>& of_class(DemandClass demand) const {
    return classes_[demand].entries;
  }
  // The least length of those of one class; Millis::max() where there are none.
  [[nodiscard]] Millis shortest(DemandClass demand) const { return shortest_[demand]; }
  // Null where the job has none; valid until the next change.
  [[nodiscard]] const QueueEntry* find(JobId job) const;
  // Every class in use is below this.
  [[nodiscard]] DemandClass class_bound() const {
    return static_cast<DemandClass>(classes_.size());
  }

 private:
  struct Class {
    std::map<std::string, DemandClass>::iterator name;
    OrderedList<QueueEntry> entries;
    std::map<Millis, std::uint32_t> lengths;  // how many entries have each
  };

  [[nodiscard]] DemandClass class_of(const Job& job, std::uint8_t variant);

  OrderedList<QueueEntry> entries_;
  std::unordered_map<JobId, QueueEntry> by_job_;
  std::map<std::string, DemandClass> numbers_;  // by the codec's form of what is asked
  std::vector<Class> classes_;
  std::vector<Millis> shortest_;     // parallel
  std::vector<DemandClass> unused_;  // numbers to give again
};

}  // namespace usine
