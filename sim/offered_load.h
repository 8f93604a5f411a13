// How busy a list of jobs keeps a machine, and machines and arrival times made to fit: the offered
// load is the unit time that the jobs need, over what the machine has from the first submission to
// the last. Pure.
#pragma once

#include <memory>
#include <vector>

#include "common/result.h"
#include "model/cluster.h"
#include "sim/metrics.h"
#include "sim/trace.h"

namespace usine::sim {

struct OfferedLoad {
  Unit unit = Unit::kGpu;  // the one that the jobs use more of, as a share of the machine
  double share = 0;
};

[[nodiscard]] OfferedLoad offered_load(const ClusterConfig& cluster,
                                       const std::vector<TraceJob>& trace);

// As many nodes like the file's first as give the load `share`, but no fewer than the widest job
// needs; on leaves as large as the file's largest, in its first partition. Error: kInvalid for a
// cluster without nodes, or jobs that are no load.
[[nodiscard]] Result<std::shared_ptr<const ClusterConfig>> sized_for(
    const ClusterConfig& cluster, const std::vector<TraceJob>& trace, double share);

// Submits the jobs faster or slower so that they offer the load `share`; gives the factor by which
// all times between submissions were multiplied.
double pace(const ClusterConfig& cluster, double share, std::vector<TraceJob>& trace);

}  // namespace usine::sim
