// Replays a list of jobs through the production core and planner in virtual time, with agents that
// do at once what they are told: every decision is the scheduler's own, only processes, networks
// and the journal are left out. Pure: equal inputs give equal digests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/cluster.h"
#include "model/request.h"
#include "sim/estimate_score.h"
#include "sim/metrics.h"
#include "sim/policies.h"
#include "sim/trace.h"

namespace usine::sim {

struct ReplayOptions {
  ReplayPolicy policy = replay_policies().front();
  // How often every waiting job's start is estimated, and scored in the end; 0: never.
  Millis estimates_every{0};
};

struct ReplayReport {
  std::string policy;
  std::string digest;         // SHA-256 (hex) over every event in order, and the final state
  std::uint64_t refused = 0;  // at submission: no node could ever hold them, or above a limit
  std::uint64_t skipped = 0;  // the trace says neither how long nor how large they were
  std::uint64_t stuck = 0;    // still waited when nothing was left to happen
  std::string first_refusal;  // why, for people
  std::uint64_t passes = 0;   // of the planner
  std::uint64_t events = 0;
  // Since the first submission, by place in the trace; none: it never started.
  std::vector<std::optional<Millis>> starts;
  Figures figures;
  std::optional<EstimateFigures> estimates;
};

// Error: kInvalid for a cluster without nodes.
[[nodiscard]] Result<ReplayReport> replay(std::shared_ptr<const ClusterConfig> cluster,
                                          const std::vector<TraceJob>& trace,
                                          const ReplayOptions& options = {});

// The request that stands for a recorded job on a machine of such nodes: its GPUs and cores spread
// evenly over as many nodes as the trace says, else over as few as can hold them.
[[nodiscard]] JobRequest request_of(const TraceJob& job, const NodeShape& shape);

}  // namespace usine::sim
