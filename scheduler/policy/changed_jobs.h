// The waiting jobs that a pass after an event looks at beyond the first ones, in the order of the
// queue: those that no pass has seen, and those of classes that may fit now because some node has
// got room. Lives as long as the pass; pure.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/policy/grown_nodes.h"
#include "scheduler/policy/headroom.h"
#include "scheduler/policy/planning_indexes.h"

namespace usine {

class ChangedJobs {
 public:
  // Those behind `after`, all where it is null. `grown` outlives this; no promise is made or let go
  // meanwhile.
  ChangedJobs(const PlanningIndexes& indexes, GrownNodes& grown, Time now, const QueueEntry* after);

  // Before next(): jobs that no pass has looked at; they come up whether they fit or not. The list
  // outlives this.
  void add_fresh(const OrderedList<QueueEntry>& jobs);
  // Before next(): the classes that may fit.
  void add_classes();

  // The next job to be considered, once the one before has been; null: there is none.
  [[nodiscard]] const QueueEntry* next();

 private:
  static constexpr DemandClass kNoClass = std::numeric_limits<DemandClass>::max();
  static constexpr std::size_t kNotYet = std::numeric_limits<std::size_t>::max();

  // Entries still to come up, in order.
  struct Walk {
    OrderedList<QueueEntry>::Iterator at, end;
    RankKey rank;                    // of the entry at `at`
    DemandClass of_class{kNoClass};  // kNoClass: of jobs that no pass has seen
    // Of the machine, when the entry was last seen to have a chance.
    std::size_t bookings = kNotYet;
    bool operator<(const Walk& other) const { return other.rank < rank; }  // the first is on top
  };

  void add(const OrderedList<QueueEntry>& list, DemandClass of_class);
  void push(Walk walk);
  void go_on(Walk walk);
  void forget_hopeless();
  [[nodiscard]] bool is_beyond_hope(DemandClass demand);
  [[nodiscard]] bool may_start(const QueueEntry& entry);

  PlanningIndexes in_;
  GrownNodes& grown_;
  Time now_;
  const QueueEntry* after_;
  Headroom headroom_;
  std::vector<Walk> walks_;   // a heap
  std::size_t bookings_ = 0;  // of the machine, as known
  std::optional<Walk> current_;
  JobId last_;  // a fresh job may come up twice, one time right after the other
};

}  // namespace usine
