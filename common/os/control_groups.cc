#include "common/os/control_groups.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace usine::os {

namespace fs = std::filesystem;

std::vector<std::string> groups_below(const std::string& path) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) found.push_back(entry->path().string());
  }
  return found;
}

bool remove_group(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
  for (const std::string& below : groups_below(path)) remove_group(below);
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace usine::os
