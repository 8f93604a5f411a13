// What an agent that starts finds of the site's scripts in the job folders: which of them were cut
// off, and how others ended. Reads files and changes nothing.
#pragma once

#include <optional>

#include "agent/core/agent_core.h"
#include "agent/daemon/job_folders.h"

namespace usine::agent {

// Of an attempt that never got as far as a shepherd; none where no script has begun either, so that
// nothing is lost with its folder.
[[nodiscard]] std::optional<FoundAttempt> found_without_shepherd(const JobFolders& folders,
                                                                 AttemptKey key, bool has_epilog);

// Whether the epilog of an attempt that has ended is still to run, or how it ended.
void add_epilog(const JobFolders& folders, bool has_epilog, FoundAttempt& found);

}  // namespace usine::agent
