// A job's own /tmp and /dev/shm: a mount namespace in which the job's processes live, whose /tmp is
// a folder of the job and whose /dev/shm is memory that goes with the last of them. Made by the
// shepherd as root, while it has one thread.
#pragma once

#include <string>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::contain {

// The namespace, as spawn() takes it; this process stays where it is. `temporary` becomes /tmp.
// Neither it nor the job folder may lie where the job would not find it any more. Errors: as
// os_error; kInvalid for such a folder.
[[nodiscard]] Result<os::UniqueFd> make_private_folders(const std::string& job_folder,
                                                        const std::string& temporary);

}  // namespace usine::contain
