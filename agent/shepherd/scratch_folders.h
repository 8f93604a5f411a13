// The folders that a job needs on this node for a while: one for its temporary files, one in memory
// for what its ranks share, and one of the shepherd's own for PMIx. Owned by the shepherd, which
// removes them at the end.
#pragma once

#include <string>

#include "agent/core/launch_job.h"
#include "common/result.h"

namespace usine::shepherd {

// Makes the job's user the owner, where this process may do that; under an agent of the user's own
// he is already. A link is given away itself, never what it leads to.
[[nodiscard]] Status give_to_user(const std::string& path, const agent::LaunchJob& job);

class ScratchFolders {
 public:
  ScratchFolders() = default;
  ScratchFolders(const ScratchFolders&) = delete;
  ScratchFolders& operator=(const ScratchFolders&) = delete;
  ~ScratchFolders() { remove(); }

  // The job's TMPDIR.
  [[nodiscard]] Status make(const agent::LaunchJob& job);
  // The job's processes have a /dev/shm of their own, which nobody else sees.
  void use_private_memory() { private_memory_ = true; }
  // A folder of this job and node alone for shared memory, made when it is first asked for: ranks
  // of emulated nodes keep apart by it, and segments that killed ranks leave go with it.
  [[nodiscard]] Result<std::string> shared_memory(const agent::LaunchJob& job);
  // `pmix` in the job folder, made when it is first asked for: our own, since libpmix is loaded
  // into this process and believes what lies there, and the job's user may only pass through it.
  [[nodiscard]] Result<std::string> pmix(const agent::LaunchJob& job);
  // What cannot be removed is left to whoever removes the job folder.
  void remove();

 private:
  bool private_memory_ = false;
  std::string job_folder_;
  std::string temporary_;
  std::string shared_memory_;
  std::string pmix_;
};

}  // namespace usine::shepherd
