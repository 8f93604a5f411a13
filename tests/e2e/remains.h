// What a cluster has left on the machine, however it was ended: looked for by the path of its state
// folder, which is in each job's environment and in the name of its control groups.
#pragma once

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace usine::test {

// Processes that belong to a job of the cluster.
[[nodiscard]] std::vector<pid_t> processes_of(const std::string& state_folder);

// Folders of attempts.
[[nodiscard]] std::size_t job_folders_of(const std::string& state_folder);

// Ports on which processes of the cluster listen, its jobs' and daemons' alike.
[[nodiscard]] std::vector<unsigned> ports_of(const std::string& state_folder);

// Control groups of the cluster's jobs, in any hierarchy.
[[nodiscard]] std::vector<std::string> groups_of(const std::string& state_folder);

}  // namespace usine::test
