#include "agent/exec/job_folder.h"

#include <filesystem>
#include <system_error>

namespace usine::exec {

void remove_shared_memory(const std::string& job_folder) {
  const std::filesystem::path link = std::filesystem::path(job_folder) / kSharedMemoryLink;
  std::error_code error;
  const std::string target = std::filesystem::read_symlink(link, error).string();
  if (error || !target.starts_with(kSharedMemoryPrefix)) return;
  if (target.find('/', std::string(kSharedMemoryPrefix).size()) != std::string::npos) return;
  std::filesystem::remove_all(target, error);
  std::filesystem::remove(link, error);
}

}  // namespace usine::exec
