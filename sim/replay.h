// Replays a recorded list of jobs through the production engine and planner in virtual time, with
// agents that do at once what they are told: every decision is the scheduler's own, only processes
// and networks are left out. Pure: equal inputs give equal digests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/cluster.h"
#include "model/request.h"
#include "sim/trace.h"

namespace usine::sim {

struct Spread {
  double mean = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

struct ReplayReport {
  std::string digest;         // SHA-256 (hex) over every event in order, and the final state
  std::uint64_t jobs = 0;     // that ran to an end
  std::uint64_t refused = 0;  // at submission: no node could ever hold them, or above a limit
  std::uint64_t skipped = 0;  // the trace says neither how long nor how large they were
  std::uint64_t stuck = 0;    // still waited when nothing was left to happen
  std::string first_refusal;  // why, for people
  Spread wait_s;              // from submission to start
  // max(1, (wait + run) / max(run, 10 s)): Feitelson et al., "Theory and practice in parallel job
  // scheduling", 1997, with their threshold of 10 s.
  Spread bounded_slowdown;
  double utilisation = 0;  // GPU time (core time where there are no GPUs) held by running jobs,
                           // as a share of the machine's from first submission to last end
  Seconds simulated{0};    // from first submission to last end
};

// Error: kInvalid for a cluster without nodes.
[[nodiscard]] Result<ReplayReport> replay(std::shared_ptr<const ClusterConfig> cluster,
                                          const std::vector<TraceJob>& trace);

// The request that stands for a recorded job on a machine of such nodes: its GPUs and cores spread
// evenly over as many nodes as the trace says, else over as few as can hold them.
[[nodiscard]] JobRequest request_of(const TraceJob& job, const NodeShape& shape);

}  // namespace usine::sim
