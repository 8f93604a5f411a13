// The waiting jobs that a pass after an event looks at beyond the first ones, in the order of the
// queue: those that no pass has seen, and those of classes that may fit now because some node has
// got room. Lives as long as the pass; pure.
#pragma once

#include <optional>
#include <queue>
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
  // Instead of next(): jobs added as fresh that have not come up, this one among them.
  [[nodiscard]] std::vector<JobId> rest_of_fresh(const QueueEntry& not_considered) const;

 private:
  // Entries still to come up, in order.
  struct Walk {
    OrderedList<QueueEntry>::Iterator at, end;
    bool of_class = false;     // else of jobs that no pass has seen
    std::size_t bookings = 0;  // of the machine, when the walk came to where it is
    bool operator<(const Walk& other) const { return *other.at < *at; }  // the first is on top
  };

  void add(const OrderedList<QueueEntry>& list, bool of_class);
  void go_on(Walk walk);
  [[nodiscard]] bool is_beyond_hope(DemandClass demand);
  [[nodiscard]] bool may_start(const QueueEntry& entry);

  PlanningIndexes in_;
  GrownNodes& grown_;
  Time now_;
  const QueueEntry* after_;
  Headroom headroom_;
  const OrderedList<QueueEntry>* fresh_ = nullptr;
  std::priority_queue<Walk> walks_;
  std::optional<Walk> current_;
  JobId last_;  // a fresh job may come up twice, one time right after the other
};

}  // namespace usine
