// A job's own /tmp and /dev/shm: a mount namespace in which the job's processes live, whose /tmp is
// a folder of the job, on disk or in memory, and whose /dev/shm is memory. Memory counts as the
// job's and goes with its last process. Made by the shepherd as root, while it has one thread.
#pragma once

#include <cstdint>
#include <string>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::contain {

enum class PrivateFolders : std::uint8_t {
  kNone = 0,
  kOnDisk = 1,    // what the job's /tmp takes is bounded by its disk alone
  kInMemory = 2,  // by the job's memory
};

struct PrivateFoldersOf {
  // Neither may lie where the job would not find it any more.
  std::string job_folder{};
  std::string temporary{};  // becomes /tmp
  PrivateFolders kind = PrivateFolders::kOnDisk;
  std::int64_t memory_mib = 0;  // most that each part in memory holds; 0: what the system gives
  std::uint32_t uid = 0;        // whose they are
  std::uint32_t gid = 0;
};

// The namespace, as spawn() takes it; this process stays where it is. Errors: as
// os_error; kInvalid for a folder that would be hidden.
[[nodiscard]] Result<os::UniqueFd> make_private_folders(const PrivateFoldersOf& wanted);

}  // namespace usine::contain
