// `usine-scheduler --restore FILE`: a state folder's journal from a backup, made by the program
// that will serve on it, under the folder's lock.
#pragma once

#include <string>

#include "common/result.h"
#include "scheduler/daemon/state_folder.h"

namespace usine::daemon {

// What was restored and what it means, a few lines for the operator. Errors: kConflict where the
// folder has a journal already; those of store::restore_backup.
[[nodiscard]] Result<std::string> restore_store(const std::string& backup,
                                                const StateFolder& folder);

}  // namespace usine::daemon
