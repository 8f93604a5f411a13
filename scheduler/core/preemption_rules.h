// Which running jobs may be put back for which waiting ones: only those of a QOS that the other's
// QOS names, which stands behind it (B70), and only once they ran as long as theirs protects them
// (B72). Since such a victim's QOS never names its preemptor's in turn, no two jobs put each other
// back by turns (B74). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "common/time.h"
#include "model/cluster.h"
#include "scheduler/core/state.h"

namespace usine {

// Whether the job is of a QOS that puts others back at all.
[[nodiscard]] bool may_preempt(const ClusterConfig& config, const Job& job);

// From when on `victim` may be put back for `job`; none: never as things are, since it does not
// run, is of no lower class, or could not start again by itself.
[[nodiscard]] std::optional<Time> victim_from(const ClusterConfig& config, const Job& job,
                                              const Job& victim);

// Whether the victim runs, and would start again by itself without blocking `job` once more.
[[nodiscard]] bool may_start_again(const Job& job, const Job& victim);
// Whether the QOS of `high` puts jobs of that of `low` back.
[[nodiscard]] bool names_as_victim(const ClusterConfig& config, const Job& high, const Job& low);
// Until when the running job is not put back, whoever would have its place (B72).
[[nodiscard]] Time protected_until(const ClusterConfig& config, const Job& victim);

// What is lost where a running job is put back now: its work since its start or its newest
// checkpoint, in GPU-milliseconds, in node-milliseconds where it has no GPUs.
[[nodiscard]] std::int64_t lost_work(const Job& victim, Time now);

// How long a job that is asked to stop may take, between TERM and KILL.
[[nodiscard]] Millis grace_of(const ClusterConfig& config, const Job& job);

}  // namespace usine
