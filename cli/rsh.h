// The command by which mpirun reaches the nodes of a job (rsh.cc).
#pragma once

#include "cli/command.h"

namespace usine::cli {

CommandResult run_rsh(const Words& words);

}  // namespace usine::cli
