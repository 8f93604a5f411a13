#include "tests/e2e/remains.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "agent/contain/job_group.h"

namespace usine::test {

namespace fs = std::filesystem;

namespace {

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The folder in /proc of every process there is.
std::vector<fs::path> all_processes() {
  std::vector<fs::path> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    const bool process = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (process) found.push_back(entry.path());
  }
  return found;
}

// The port of each socket that listens here, by "socket:[INODE]".
std::map<std::string, unsigned> listening_sockets() {
  constexpr const char* kListens = "0A";
  std::map<std::string, unsigned> ports;
  for (const char* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(content_of(table));
    std::string line;
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::vector<std::string> columns{std::istream_iterator<std::string>(words), {}};
      if (columns.size() < 10 || columns[3] != kListens) continue;
      const std::string port = columns[1].substr(columns[1].find(':') + 1);
      ports["socket:[" + columns[9] + ']'] = static_cast<unsigned>(std::stoul(port, nullptr, 16));
    }
  }
  return ports;
}

}  // namespace

std::vector<pid_t> processes_of(const std::string& state_folder) {
  std::vector<pid_t> found;
  for (const fs::path& process : all_processes()) {
    const std::string environment = content_of(process / "environ");
    const bool of_a_job = environment.find("USINE_JOB_ID=") != std::string::npos;
    if (of_a_job && environment.find(state_folder) != std::string::npos) {
      found.push_back(std::stoi(process.filename()));
    }
  }
  return found;
}

std::vector<unsigned> ports_of(const std::string& state_folder) {
  const std::map<std::string, unsigned> listening = listening_sockets();
  std::set<unsigned> found;
  for (const fs::path& process : all_processes()) {
    const std::string said = content_of(process / "cmdline") + content_of(process / "environ");
    if (said.find(state_folder) == std::string::npos) continue;
    std::error_code gone;
    for (const auto& descriptor : fs::directory_iterator(process / "fd", gone)) {
      const auto socket = listening.find(fs::read_symlink(descriptor.path(), gone).string());
      if (socket != listening.end()) found.insert(socket->second);
    }
  }
  return {found.begin(), found.end()};
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
