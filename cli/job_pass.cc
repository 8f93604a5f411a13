#include "cli/job_pass.h"

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::cli {
namespace {

constexpr mode_t kPassMode = 0600;
constexpr mode_t kOthers = 077;
constexpr std::size_t kPassBytesMax = 4096;

bool is_private(const struct stat& status) {
  return status.st_uid == ::geteuid() && (status.st_mode & kOthers) == 0;
}

// The user's own folder for such files, which goes when he logs out, else the one for all.
std::string parent_folder() {
  const char* const own = std::getenv("XDG_RUNTIME_DIR");
  struct stat status{};
  if (own != nullptr && ::stat(own, &status) == 0 && is_private(status)) return own;
  const char* const temporary = std::getenv("TMPDIR");
  return temporary != nullptr && *temporary != '\0' ? temporary : "/tmp";
}

}  // namespace

Result<std::optional<ShepherdAddress>> read_job_pass(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (!is_private(status)) {
    return fail(ErrorCode::kPermission, path + " (USINE_SHEPHERD) is not a file of yours alone");
  }
  const auto text = os::read_file(path, kPassBytesMax);
  if (!text) return fail(text.error());
  const std::size_t end = text->find('\n');
  if (end == std::string::npos || text->back() != '\n') {
    return fail(ErrorCode::kInvalid, path + " (USINE_SHEPHERD) names no job");
  }
  return ShepherdAddress{text->substr(0, end), text->substr(end + 1, text->size() - end - 2)};
}

Result<JobPass> JobPass::make(const ShepherdAddress& where) {
  std::string folder = parent_folder() + "/usine-alloc-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return fail(os::os_error("making " + folder));
  JobPass pass(std::move(folder));
  const Status written =
      os::write_file(pass.path(), where.address + '\n' + where.job_key + '\n', kPassMode);
  if (!written) return fail(written.error());
  return pass;
}

JobPass::JobPass(JobPass&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

JobPass::~JobPass() {
  if (folder_.empty()) return;
  ::unlink(path().c_str());
  ::rmdir(folder_.c_str());
}

}  // namespace usine::cli
