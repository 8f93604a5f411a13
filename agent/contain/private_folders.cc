#include "agent/contain/private_folders.h"

#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <system_error>

#include "common/os/os_error.h"

namespace usine::contain {
namespace {

constexpr const char* kOwnNamespace = "/proc/self/ns/mnt";
constexpr const char* kTemporary = "/tmp";
constexpr const char* kSharedMemory = "/dev/shm";

Result<os::UniqueFd> open_own_namespace() {
  os::UniqueFd own(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
  if (!own) return fail(os::os_error(std::string("opening ") + kOwnNamespace));
  return own;
}

// In the new namespace. What the site mounts later is still seen in it, and nothing goes back.
Status mount_folders(const std::string& temporary) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return fail(os::os_error("setting the job's mounts apart"));
  }
  if (::mount(temporary.c_str(), kTemporary, nullptr, MS_BIND, nullptr) != 0) {
    return fail(os::os_error("mounting " + temporary + " on " + kTemporary));
  }
  if (::mount("usine-shm", kSharedMemory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) {
    return fail(os::os_error(std::string("mounting memory on ") + kSharedMemory));
  }
  return {};
}

}  // namespace

Result<os::UniqueFd> make_private_folders(const std::string& job_folder,
                                          const std::string& temporary) {
  for (const std::string& folder : {job_folder, temporary}) {
    std::error_code ignored;  // what does not resolve fails to be mounted
    const std::string needed = std::filesystem::weakly_canonical(folder, ignored);
    for (const std::string hidden : {kTemporary, kSharedMemory}) {
      if (!needed.starts_with(hidden + '/')) continue;
      return fail(ErrorCode::kInvalid,
                  "the agent's folders lie below " + hidden + ", which jobs get anew: " + needed);
    }
  }
  const auto before = open_own_namespace();
  if (!before) return fail(before.error());
  if (::unshare(CLONE_NEWNS) != 0) return fail(os::os_error("making a mount namespace"));
  const Status mounted = mount_folders(temporary);
  auto made = open_own_namespace();
  if (::setns(before->get(), CLONE_NEWNS) != 0) {
    return fail(os::os_error("going back to the node's mounts"));
  }
  if (!mounted) return fail(mounted.error());
  return made;
}

}  // namespace usine::contain
