// What holds this node's jobs: found out once when the agent starts, by what the site wants and
// what the system offers, and given to every shepherd. Used by main and the loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/contain/job_group.h"
#include "agent/contain/private_folders.h"
#include "agent/daemon/options.h"
#include "common/result.h"
#include "proto/shepherd.pb.h"

namespace usine::agent {

struct Containment {
  contain::Holders holders;                // nothing, unless told otherwise
  std::string prefix;                      // of the names of the jobs' groups
  std::uint64_t processes_max = 0;         // a job on this node; 0: in proportion to its cores
  std::vector<contain::Device> devices{};  // that every job may use
  // Of each GPU in the driver's order, N of its /dev/nvidiaN; beyond the list the order itself.
  std::vector<std::uint32_t> gpu_minors{};
  bool required = false;
  // Of each job: a /tmp and a /dev/shm of its own.
  contain::PrivateFolders private_folders = contain::PrivateFolders::kNone;
};

// The bound on a job's processes where the site names none: enough for the threads of data loaders
// and libraries, too few to fill a node's table.
[[nodiscard]] std::uint64_t processes_max_for(std::size_t cores);

// Errors: kUnavailable where the site requires containment and a resource is held by nothing.
[[nodiscard]] Result<Containment> find_containment(const AgentOptions& options,
                                                   const std::vector<std::string>& gpu_bus_ids);

// For one attempt, with `gpus` by the driver's order. Pure.
[[nodiscard]] proto::SpecContainment spec_of(const Containment& containment, AttemptKey key,
                                             const proto::SpecNode& node);

}  // namespace usine::agent
