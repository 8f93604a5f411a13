// What `usine up` tells its agents beside their nodes' shapes: how jobs are contained, and the
// site's scripts around them. Kept in
// STATE/agents/settings, so that an agent that is started again later is told the same.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "common/result.h"

namespace usine::cli {

// Adds the options of `usine up` that are passed on.
void add_agent_settings(Options& options);

// Arguments of usine-agent, "--containment=required": those kept below the agents' folder, or where
// nothing is kept those that were given. A folder keeps what it came up with; a warning says so
// where something else is given now. Error: kInvalid, kIo.
[[nodiscard]] Result<std::vector<std::string>> agent_settings(const std::string& agents_folder,
                                                              const Given& given);

// Once the agents have come up with them: what an agent refuses is not kept.
[[nodiscard]] Status keep_agent_settings(const std::string& agents_folder,
                                         const std::vector<std::string>& settings);

}  // namespace usine::cli
