// What the site's prolog and epilog see of the job: its names, its user and its GPUs on this node,
// in Usine's words and in Slurm's. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "agent/core/site_script.h"
#include "proto/shepherd.pb.h"

namespace usine::agent {

// The entry by which every process of a script's run is known: `folder` is the job's.
[[nodiscard]] std::string script_mark(SiteScript which, const std::string& folder);

// "NAME=value" each; nothing of the agent's or the job's own environment, so that no user decides
// what a script of root's finds in its PATH.
[[nodiscard]] std::vector<std::string> script_environment(SiteScript which,
                                                          const proto::JobSpec& spec,
                                                          const std::string& folder);

}  // namespace usine::agent
