// What a user's own mpirun reads to work inside a job: the nodes with a place for each of the job's
// tasks, and the command by which it starts its daemons there, which makes them steps of the job.
// For Open MPI 4 and for those that launch by PRRTE. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/launch_environment.h"
#include "agent/core/launch_job.h"
#include "agent/core/launch_layout.h"
#include "common/result.h"

namespace usine::agent {

// Of the file in the job folder that names the nodes.
inline constexpr std::string_view kMpirunHostsFile = "hosts";

// "node001 slots=2", a line for each node that has tasks.
[[nodiscard]] std::string mpirun_hosts(const LaunchJob& job);

// Adds what the job's user has not set himself.
void set_mpirun(const LaunchJob& job, Environment& environment);

// One process on the named node, with all of the job's cores there. Error: kNotFound, with the
// nodes that the job has.
[[nodiscard]] Result<StepLayout> lay_out_daemon(const LaunchJob& job, std::string_view node);

// Without the names by which a rank learns its place: for a process that starts ranks of its own.
[[nodiscard]] std::vector<std::string> without_rank(const std::vector<std::string>& environment);

}  // namespace usine::agent
