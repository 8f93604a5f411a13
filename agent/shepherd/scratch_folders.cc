#include "agent/shepherd/scratch_folders.h"

#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "common/os/job_memory.h"
#include "common/os/os_error.h"

namespace usine::shepherd {
namespace {

constexpr mode_t kTemporaryMode = 0700;
constexpr mode_t kPassableMode = 0711;

}  // namespace

Status give_to_user(const std::string& path, const agent::LaunchJob& job) {
  if (::geteuid() != 0 || job.uid == 0) return {};
  if (::lchown(path.c_str(), job.uid, job.gid) == 0) return {};
  return fail(os::os_error("changing the owner of " + path));
}

Status ScratchFolders::make(const agent::LaunchJob& job) {
  job_folder_ = job.folder;
  // The job's user has to reach what is his in it, and sees nothing else.
  if (::geteuid() == 0 && job.uid != 0 && ::chmod(job_folder_.c_str(), kPassableMode) != 0) {
    return fail(os::os_error("changing the mode of " + job_folder_));
  }
  temporary_ = job.temporary;
  if (::mkdir(temporary_.c_str(), kTemporaryMode) != 0 && errno != EEXIST) {
    return fail(os::os_error("making " + temporary_));
  }
  return give_to_user(temporary_, job);
}

Result<std::string> ScratchFolders::shared_memory(const agent::LaunchJob& job) {
  if (private_memory_) return std::string("/dev/shm");
  if (!shared_memory_.empty()) return shared_memory_;
  std::string pattern = os::kJobMemoryPrefix + std::to_string(job.key.job.value) + '.' +
                        std::to_string(job.key.attempt.value) + "-XXXXXX";
  // A system without /dev/shm shares memory through files: slower, and still this job's alone.
  if (::mkdtemp(pattern.data()) == nullptr) return temporary_;
  const std::string link = job.folder + '/' + os::kJobMemoryLink;
  if (::symlink(pattern.c_str(), link.c_str()) != 0) {
    const Error error = os::os_error("making " + link);
    ::rmdir(pattern.c_str());
    return fail(error);
  }
  shared_memory_ = pattern;
  if (const Status given = give_to_user(shared_memory_, job); !given) return fail(given.error());
  return shared_memory_;
}

Result<std::string> ScratchFolders::pmix(const agent::LaunchJob& job) {
  if (!pmix_.empty()) return pmix_;
  const std::string path = job.folder + "/pmix";
  // The mode is set apart, since a umask may take away the right to pass.
  if (::mkdir(path.c_str(), kTemporaryMode) != 0 || ::chmod(path.c_str(), kPassableMode) != 0) {
    return fail(os::os_error("making " + path));
  }
  pmix_ = path;
  return pmix_;
}

void ScratchFolders::remove() {
  std::error_code ignored;
  if (!pmix_.empty()) std::filesystem::remove_all(pmix_, ignored);
  pmix_.clear();
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
  temporary_.clear();
  if (!shared_memory_.empty()) os::remove_job_memory(job_folder_);
  shared_memory_.clear();
}

}  // namespace usine::shepherd
