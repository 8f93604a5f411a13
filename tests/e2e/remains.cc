#include "tests/e2e/remains.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/contain/job_group.h"

namespace usine::test {

namespace fs = std::filesystem;

std::vector<pid_t> processes_of(const std::string& state_folder) {
  std::vector<pid_t> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    const std::string environment((std::istreambuf_iterator<char>(file)), {});
    const bool of_a_job = environment.find("USINE_JOB_ID=") != std::string::npos;
    if (of_a_job && environment.find(state_folder) != std::string::npos) {
      found.push_back(std::stoi(name));
    }
  }
  return found;
}

std::size_t job_folders_of(const std::string& state_folder) {
  std::size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(state_folder)) {
    if (entry.path().filename() != "jobs") continue;
    found += static_cast<std::size_t>(
        std::distance(fs::directory_iterator(entry.path()), fs::directory_iterator()));
  }
  return found;
}

std::vector<std::string> groups_of(const std::string& state_folder) {
  std::vector<std::string> prefixes;
  for (const auto& agent : fs::directory_iterator(state_folder + "/agents")) {
    if (!agent.is_directory()) continue;
    const std::string node = agent.path().filename();
    prefixes.push_back(contain::group_prefix(node, agent.path()));
  }
  std::vector<std::string> found;
  std::error_code gone;
  const auto quiet = fs::directory_options::skip_permission_denied;
  auto entry = fs::recursive_directory_iterator("/sys/fs/cgroup", quiet, gone);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
    const std::string name = entry->path().filename();
    const auto is_ours = [&](const std::string& prefix) { return name.starts_with(prefix); };
    if (std::ranges::any_of(prefixes, is_ours)) found.push_back(entry->path());
  }
  return found;
}

}  // namespace usine::test
