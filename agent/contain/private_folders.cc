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

Status mount_memory(const std::string& folder, std::string options, std::int64_t memory_mib) {
  if (memory_mib > 0) options += ",size=" + std::to_string(memory_mib) + 'm';
  if (::mount("usine", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0) {
    return {};
  }
  return fail(os::os_error("mounting memory on " + folder));
}

// In the new namespace. What the site mounts later is still seen in it, and nothing goes back.
Status mount_folders(const PrivateFoldersOf& wanted) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return fail(os::os_error("setting the job's mounts apart"));
  }
  const std::string& temporary = wanted.temporary;
  if (wanted.kind == PrivateFolders::kInMemory) {
    const std::string owner = std::to_string(wanted.uid) + ",gid=" + std::to_string(wanted.gid);
    const Status mounted = mount_memory(temporary, "mode=700,uid=" + owner, wanted.memory_mib);
    if (!mounted) return mounted;
  }
  if (::mount(temporary.c_str(), kTemporary, nullptr, MS_BIND, nullptr) != 0) {
    return fail(os::os_error("mounting " + temporary + " on " + kTemporary));
  }
  return mount_memory(kSharedMemory, "mode=1777", wanted.memory_mib);
}

}  // namespace

Result<os::UniqueFd> make_private_folders(const PrivateFoldersOf& wanted) {
  for (const std::string& folder : {wanted.job_folder, wanted.temporary}) {
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
  const Status mounted = mount_folders(wanted);
  auto made = open_own_namespace();
  if (::setns(before->get(), CLONE_NEWNS) != 0) {
    return fail(os::os_error("going back to the node's mounts"));
  }
  if (!mounted) return fail(mounted.error());
  return made;
}

}  // namespace usine::contain
