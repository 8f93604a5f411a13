#include "common/os/files.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/os/os_error.h"
#include "common/os/unique_fd.h"

namespace usine::os {
namespace {

// Pages that are never filled are not touched: most files are short, and a fresh page costs more
// than a read.
constexpr std::size_t kFirstReadBytes = 4u << 10;
constexpr std::size_t kReadBytesMax = 64u << 10;

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(os_error("writing " + path));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

enum class Durable : bool { kNo, kYes };

Status write_through(const std::string& path, std::string_view bytes, mode_t mode,
                     Durable durable) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return fail(os_error("opening " + path));
  if (const Status written = write_all(file.get(), bytes, path); !written) return written;
  if (durable == Durable::kYes && ::fsync(file.get()) != 0) {
    return fail(os_error("syncing " + path));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status replace(const std::string& path, std::string_view bytes, mode_t mode, Durable durable) {
  const std::string temporary = path + ".new";
  if (const Status written = write_through(temporary, bytes, mode, durable); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(os_error("renaming " + temporary));
  if (durable == Durable::kNo) return {};
  const UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail(os_error("syncing the folder of " + path));
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(os_error("opening " + path));
  std::string bytes;
  for (std::size_t room = kFirstReadBytes;; room = std::min(2 * room, kReadBytesMax)) {
    const std::size_t before = bytes.size();
    ssize_t got = 0;
    bytes.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      got = ::read(file.get(), data + before, room);
      return before + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got < 0 && errno != EINTR) return fail(os_error("reading " + path));
    if (got == 0) return bytes;
    if (bytes.size() > bytes_max) {
      return fail(ErrorCode::kInvalid,
                  path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Status write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  return write_through(path, bytes, mode, Durable::kNo);
}

Status write_file_durably(const std::string& path, std::string_view bytes, mode_t mode) {
  return replace(path, bytes, mode, Durable::kYes);
}

Status replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
  return replace(path, bytes, mode, Durable::kNo);
}

}  // namespace usine::os
