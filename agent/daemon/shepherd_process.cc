#include "agent/daemon/shepherd_process.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <signal.h>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "common/os/files.h"
#include "common/os/processes.h"

namespace usine::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kShepherdName = "usine-shepherd";
constexpr int kKillRoundsMax = 1000;

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = ::environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

bool is_number(const std::string& name) {
  return std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The processes whose file of this name under /proc reads as wanted.
std::vector<pid_t> processes_where(const std::string& file,
                                   const std::function<bool(const std::string&)>& wanted) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_number(name)) continue;
    const Result<std::string> content = os::read_file(entry->path().string() + '/' + file);
    if (content && wanted(*content)) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

}  // namespace

Result<pid_t> start_shepherd(const ShepherdCommand& command, os::UniqueFd agent) {
  return os::spawn_detached(
      {.path = command.program,
       .argv = {kShepherdName, command.folder, std::to_string(os::DetachedProgram::kPassedFd)},
       .environment = own_environment(),
       .log_path = command.log_file,
       .passed_fd = agent.get()});
}

std::optional<pid_t> find_shepherd(const std::string& folder) {
  const std::string command = std::string(kShepherdName) + '\0' + folder + '\0';
  const std::vector<pid_t> found = processes_where(
      "cmdline",
      [&command](const std::string& arguments) { return arguments.starts_with(command); });
  return found.empty() ? std::nullopt : std::optional(found.front());
}

bool end_marked(const std::string& entry) {
  const std::string mark = '\0' + entry + '\0';
  const auto is_marked = [&mark](const std::string& environment) {
    return ('\0' + environment).find(mark) != std::string::npos;
  };
  // Again and again, since what is being killed may have children meanwhile.
  for (int round = 0; round < kKillRoundsMax; ++round) {
    const std::vector<pid_t> strays = processes_where("environ", is_marked);
    if (strays.empty()) return true;
    for (const pid_t pid : strays) ::kill(pid, SIGKILL);
  }
  return false;
}

void end_strays(const std::string& folder) {
  end_marked("USINE_SHEPHERD=" + folder + "/shepherd.sock");
}

}  // namespace usine::agent
