// The help of the commands that take request options, made from their table.
#pragma once

#include <string>

#include "cli/help.h"

namespace usine::cli {

[[nodiscard]] std::string submit_help(HelpForm form);
[[nodiscard]] std::string run_help(HelpForm form);
[[nodiscard]] std::string alloc_help(HelpForm form);

}  // namespace usine::cli
