#include "agent/exec/output_room.h"

#include <filesystem>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace usine::exec {
namespace {

// A file system with less may have refused a write that was larger.
constexpr std::uint64_t kRoomBytesMin = 64u << 10;

// Paths are looked at as the user while this lives: of this thread alone, and without what root
// may.
class FileRights {
 public:
  FileRights(std::uint32_t uid, std::uint32_t gid) : changed_(::geteuid() == 0 && uid != 0) {
    if (!changed_) return;
    ::setfsgid(gid);
    ::setfsuid(uid);
  }
  FileRights(const FileRights&) = delete;
  FileRights& operator=(const FileRights&) = delete;
  ~FileRights() {
    if (!changed_) return;
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
  }

 private:
  const bool changed_;
};

bool lacks_room(const std::string& path, bool as_root) {
  struct stat status{};
  struct statvfs room{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (::statvfs(path.c_str(), &room) != 0 || room.f_blocks == 0) return false;
  const std::uint64_t blocks = as_root ? room.f_bfree : room.f_bavail;
  return blocks * room.f_frsize < kRoomBytesMin;
}

}  // namespace

OutputFiles output_files_of(const agent::ProcessPlan& plan) {
  const std::filesystem::path folder = plan.working_directory;
  const auto absolute = [&folder](const std::string& path) {
    return path.empty() ? std::string() : (folder / path).string();
  };
  return {absolute(plan.output), absolute(plan.error), plan.uid, plan.gid};
}

std::string without_room(const OutputFiles& files) {
  const FileRights rights(files.uid, files.gid);
  for (const std::string& path : {files.output, files.error}) {
    if (path.empty() || !lacks_room(path, files.uid == 0)) continue;
    return "no space left for the output file '" + path + "': what was written last may be missing";
  }
  return {};
}

}  // namespace usine::exec
