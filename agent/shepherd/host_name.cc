#include "agent/shepherd/host_name.h"

#include <sched.h>
#include <unistd.h>

#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::shepherd {
namespace {

Status map_identity() {
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWUTS) != 0) {
    return fail(os::os_error("making a user namespace"));
  }
  // The kernel asks for this before an unprivileged process may map its group (user_namespaces(7)).
  for (const auto& [file, line] : {std::pair<const char*, std::string>{"setgroups", "deny"},
                                   {"uid_map", uid + ' ' + uid + " 1"},
                                   {"gid_map", gid + ' ' + gid + " 1"}}) {
    const Status written = os::write_file(std::string("/proc/self/") + file, line);
    if (!written) return written;
  }
  return {};
}

}  // namespace

Status take_host_name(const std::string& name) {
  if (::unshare(CLONE_NEWUTS) != 0) {
    if (const Status mapped = map_identity(); !mapped) return mapped;
  }
  if (::sethostname(name.data(), name.size()) != 0) {
    return fail(os::os_error("setting the host name"));
  }
  return {};
}

}  // namespace usine::shepherd
