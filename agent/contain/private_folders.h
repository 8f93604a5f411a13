// A job's own /tmp and /dev/shm: a mount namespace in which the job's processes live, whose /tmp is
// a folder of the job and whose /dev/shm is memory that goes with the last of them. Made by the
// shepherd as root, while it has one thread.
#pragma once

#include <string>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::contain {

// The namespace, as spawn() takes it; this process stays where it is. `job_folder` has the folder
// `tmp`, and is not below /tmp, where the job would not find it any more. Errors: as os_error.
[[nodiscard]] Result<os::UniqueFd> make_private_folders(const std::string& job_folder);

}  // namespace usine::contain
