// The folders that a job's processes on this node use for a while: one for temporary files in the
// job folder, one in memory for what ranks share. Owned by the shepherd, which removes both at the
// end.
#pragma once

#include <string>

#include "agent/core/launch_job.h"
#include "common/result.h"

namespace usine::shepherd {

// Makes the job's user the owner, where this process may do that; under an agent of the user's own
// he is already.
[[nodiscard]] Status give_to_user(const std::string& path, const agent::LaunchJob& job);

class ScratchFolders {
 public:
  ScratchFolders() = default;
  ScratchFolders(const ScratchFolders&) = delete;
  ScratchFolders& operator=(const ScratchFolders&) = delete;
  ~ScratchFolders() { remove(); }

  // `tmp` in the job folder.
  [[nodiscard]] Status make(const agent::LaunchJob& job);
  // A folder of this job and node alone for shared memory, made when it is first asked for: ranks
  // of emulated nodes keep apart by it, and segments that killed ranks leave go with it.
  [[nodiscard]] Result<std::string> shared_memory(const agent::LaunchJob& job);
  // What cannot be removed is left to whoever removes the job folder.
  void remove();

 private:
  std::string job_folder_;
  std::string temporary_;
  std::string shared_memory_;
};

}  // namespace usine::shepherd
