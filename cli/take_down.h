// Ending a local cluster, which both `usine down` and Ctrl-C in `usine up` do.
#pragma once

#include <string>

#include "cli/local_cluster.h"

namespace usine::cli {

// Agents first, then jobs, then the scheduler; says what was ended.
std::string take_down(const LocalCluster& cluster);

}  // namespace usine::cli
