// A waiting job's place in the order, for questions: how many go before it, and which go first.
// Kept up to date by events beside a replica of the state, so that an answer does not look at the
// jobs; owned by the thread of that replica. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/queue/ordered_list.h"
#include "scheduler/queue/priority.h"

namespace usine {

// Among the jobs of every partition that wait; only eligible ones go before another.
struct OrderPlace {
  std::uint64_t ahead = 0;
  std::uint64_t waiting = 0;         // in all, this one included
  std::vector<JobId> next_to_start;  // the first of those ahead, in their order

  friend bool operator==(const OrderPlace&, const OrderPlace&) = default;
};

class WaitingOrder {
 public:
  // All of it anew.
  void rebuild(const State& state);
  // After `event` has been applied to `state`.
  void take(const State& state, const Event& event);

  // Of a job that waits, with at most `shown` of those that go first.
  [[nodiscard]] OrderPlace place_of(const State& state, const Job& job, Time now,
                                    std::size_t shown);

 private:
  struct Entry {
    RankKey rank;
    Time since;           // when it becomes eligible, or did
    bool counts = false;  // in order_, else in later_
  };

  void update(const State& state, JobId id);
  void remove(JobId id);
  void open_until(Time now);

  OrderedList<RankKey> order_;               // of those that are eligible
  std::set<std::pair<Time, JobId>> later_;   // of those that become so by time alone
  std::unordered_map<JobId, Entry> by_job_;  // of both
  std::set<JobId> waiting_;                  // also those that wait for more than time
};

// The jobs that an event can have changed.
[[nodiscard]] std::vector<JobId> jobs_of(const Event& event);

}  // namespace usine
