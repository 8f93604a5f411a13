// A promised start: from when on which shares of the machine are kept for a job that has to wait.
// Others may start only where they do not touch it (backfill with reservations: Lifka, "The ANL/IBM
// SP scheduling system", JSSPP 1995, for one job; Mu'alem and Feitelson, IEEE TPDS 12(6), 2001, for
// all), so that a large job is not starved by small ones (B76, B77). Pure.
#pragma once

#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/machine.h"

namespace usine {

struct Promise {
  struct Share {
    NodeId node;
    Amount amount;
  };

  JobId job;
  Time at;     // its start, at the latest
  Time until;  // its end then
  std::vector<Share> shares;
};

// Keeps the shares for the job, and gives them up.
void hold(Machine& machine, const Promise& promise);
void let_go(Machine& machine, const Promise& promise);

// By when the job has left its nodes at the latest: its limit, or the grace of its stop.
[[nodiscard]] Time latest_end(const Job& job, const ClusterConfig& config);

}  // namespace usine
