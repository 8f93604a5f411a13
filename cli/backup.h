// `usine backup` (cli/command.h says what a command is).
#pragma once

#include "cli/command.h"

namespace usine::cli {

CommandResult run_backup(const Words& words);

}  // namespace usine::cli
