#include "common/os/job_memory.h"

#include <filesystem>
#include <system_error>

namespace usine::os {

void remove_job_memory(const std::string& job_folder) {
  const std::filesystem::path link = std::filesystem::path(job_folder) / kJobMemoryLink;
  std::error_code error;
  const std::string target = std::filesystem::read_symlink(link, error).string();
  if (error || !target.starts_with(kJobMemoryPrefix)) return;
  if (target.find('/', std::string(kJobMemoryPrefix).size()) != std::string::npos) return;
  std::filesystem::remove_all(target, error);
  std::filesystem::remove(link, error);
}

}  // namespace usine::os
