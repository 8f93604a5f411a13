#include "common/os/file_lock.h"

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/file.h>

#include "common/os/os_error.h"

namespace usine::os {
namespace {

constexpr int kLookEveryMs = 10;  // nothing tells of a lock that comes free

}  // namespace

Status lock_file(int fd, Millis patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail(os_error("locking a file"));
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorCode::kConflict, "another process holds the lock");
    }
    ::poll(nullptr, 0, kLookEveryMs);
  }
  return {};
}

}  // namespace usine::os
