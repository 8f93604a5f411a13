// Who has been heard of lately. Leases are not state: they are never journalled and start anew with
// the scheduler, so that an outage of the scheduler costs no node its jobs. Owned by the engine
// thread.
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"

namespace usine {

class Leases {
 public:
  explicit Leases(Millis lease) : lease_(lease) {}

  // A scheduler starts: every node that was not down has a whole lease to say Hello in.
  void start(const State& state, Time now);

  void heard(NodeId node, Time now);
  void drop(NodeId node);  // it is down: no lease to watch

  // Nodes whose lease has ended by `now`, ascending; each is reported once.
  [[nodiscard]] std::vector<NodeId> expired(Time now);
  // When expired() would report something; none where no node has a lease.
  [[nodiscard]] std::optional<Time> next_expiry() const;

 private:
  Millis lease_;
  std::vector<std::optional<Time>> until_;     // by node
  std::set<std::pair<Time, NodeId>> by_time_;  // the same, earliest first
};

}  // namespace usine
