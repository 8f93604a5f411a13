#include "scheduler/daemon/state_folder.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/os/file_lock.h"
#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::daemon {
namespace {

// Whether `fd` still is the file at `path`: its last holder may have removed it while we waited.
bool is_file_at(int fd, const std::string& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

Error held_by_other(const std::string& folder, const std::string& pid_path) {
  const Result<std::string> pid = os::read_file(pid_path);
  std::string text = pid.value_or("unknown");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return {ErrorCode::kConflict, "a scheduler already runs on " + folder + " (pid " + text +
                                    "): use it, or end it first with 'usine down --state " +
                                    folder + "'"};
}

Result<os::UniqueFd> lock_pid_file(const std::string& folder, const std::string& path) {
  while (true) {
    os::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return fail(os::os_error("opening " + path));
    if (const Status locked = os::lock_file(file.get(), os::kLockPatience); !locked) {
      if (locked.error().code == ErrorCode::kConflict) return fail(held_by_other(folder, path));
      return fail(locked.error().within(path));
    }
    if (is_file_at(file.get(), path)) return file;
  }
}

}  // namespace

Result<StateFolder> StateFolder::open(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorCode::kIo, "making " + path + ": " + error.message());
  if (made) ::chmod(path.c_str(), 0700);
  const std::string pid_path = path + "/scheduler.pid";
  Result<os::UniqueFd> locked = lock_pid_file(path, pid_path);
  if (!locked) return fail(locked.error());
  // The address of a scheduler that was killed goes first: where our pid stands, it is not seen.
  ::unlink((path + "/scheduler.address").c_str());
  const std::string pid = std::to_string(::getpid()) + '\n';
  if (::ftruncate(locked->get(), 0) != 0 ||
      ::pwrite(locked->get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(os::os_error("writing " + pid_path));
  }
  return StateFolder(path, std::move(*locked));
}

StateFolder::StateFolder(std::string path, os::UniqueFd pid_file)
    : path_(std::move(path)), pid_file_(std::move(pid_file)) {}

StateFolder::~StateFolder() {
  if (!pid_file_) return;  // moved from
  ::unlink(file("scheduler.address").c_str());
  ::unlink(file("scheduler.pid").c_str());
}

Status StateFolder::publish_address(const std::string& address) const {
  return os::replace_file(file("scheduler.address"), address + '\n', 0644);
}

}  // namespace usine::daemon
