// `usine topology import`: a site's own description of its fabric as a cluster file of ours.
#pragma once

#include <string>

#include "common/result.h"
#include "topology/discovery/fabric_import.h"

namespace usine::tools {

// The cluster file of a fabric whose nodes are all of one class, `machine` (a shipped machine's
// name or a file): it loads as it is, and says at its head what was left out.
[[nodiscard]] std::string cluster_yaml(const discovery::ImportedFabric& imported,
                                       const std::string& machine);

// The same for the fabric in a file. Errors: kNotFound, kIo, kInvalid, naming the file.
[[nodiscard]] Result<std::string> import_fabric(const std::string& path,
                                                const std::string& machine);

}  // namespace usine::tools
