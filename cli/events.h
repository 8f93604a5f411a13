// The story of a job or a node for `usine show ... --events`.
#pragma once

#include <string>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"

namespace usine::cli {

// Prints what happened to the job or on the node of that name, oldest first. Error: kInvalid for
// other kinds, which have no story.
CommandResult show_events(Client& client, const std::string& kind, const std::string& name,
                          const Given& given);

}  // namespace usine::cli
