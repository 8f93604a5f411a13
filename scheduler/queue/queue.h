// Which job next: the waiting jobs in the order of their ranks (priority.h). Jobs whose requests
// are equal carry one class number, so that a pass decides each kind of request once. Kept up to
// date by events, never rebuilt. Owned by the planner; pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/queue/priority.h"

namespace usine {

// Jobs with equal partition and components have equal classes.
using DemandClass = std::uint32_t;

struct QueueEntry {
  RankKey rank;
  DemandClass demand = 0;
  LimitUse use{};  // of RunningLimits

  [[nodiscard]] JobId job() const { return rank.job; }
  friend auto operator<=>(const QueueEntry& a, const QueueEntry& b) { return a.rank <=> b.rank; }
  friend bool operator==(const QueueEntry& a, const QueueEntry& b) { return a.rank == b.rank; }
};

class Queue {
 public:
  void add(const Job& job, const RankKey& rank, const LimitUse& use = {});
  void remove(const Job& job);
  // The job's new place; a no-op where it is the old one.
  void move(const Job& job, const RankKey& rank);

  [[nodiscard]] const std::set<QueueEntry>& entries() const { return entries_; }
  // Jobs that no pass has looked at yet, in order.
  [[nodiscard]] const std::set<QueueEntry>& fresh() const { return fresh_; }
  // After a pass: only those that it postponed are still fresh.
  void set_fresh(std::set<QueueEntry> postponed) { fresh_ = std::move(postponed); }
  // Every class in use is below this.
  [[nodiscard]] std::size_t class_bound() const { return class_bound_; }

 private:
  struct ClassUse {
    DemandClass number = 0;
    std::size_t jobs = 0;
  };

  [[nodiscard]] DemandClass join_class(const Job& job);
  void leave_class(const Job& job);

  std::set<QueueEntry> entries_;
  std::set<QueueEntry> fresh_;
  std::map<JobId, RankKey> ranks_;
  std::map<std::string, ClassUse> classes_;  // by the codec's form of what is asked
  std::vector<DemandClass> unused_;          // numbers to give again
  DemandClass class_bound_ = 0;
};

}  // namespace usine
