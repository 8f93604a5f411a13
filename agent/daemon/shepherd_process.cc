#include "agent/daemon/shepherd_process.h"

#include <algorithm>
#include <cctype>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <signal.h>
#include <spawn.h>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "common/check.h"
#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::agent {
namespace {

namespace fs = std::filesystem;

// Where the shepherd finds its connection to the agent.
constexpr int kAgentFd = 3;

constexpr int kKillRoundsMax = 1000;

class FileActions {
 public:
  explicit FileActions(const std::string& log_file, int agent_fd) {
    CHECK_THAT(::posix_spawn_file_actions_init(&actions_) == 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, agent_fd, kAgentFd);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log_file.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kAgentFd + 1);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// A session of its own, so that no signal to the agent's group reaches it, and no signal blocked or
// ignored as the agent has them.
class OwnSession {
 public:
  OwnSession() {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    CHECK_THAT(::posix_spawnattr_init(&attributes_) == 0);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  OwnSession(const OwnSession&) = delete;
  OwnSession& operator=(const OwnSession&) = delete;
  ~OwnSession() { ::posix_spawnattr_destroy(&attributes_); }

  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

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
  std::string name = "usine-shepherd";
  std::string number = std::to_string(kAgentFd);
  std::string folder = command.folder;
  char* const argv[] = {name.data(), folder.data(), number.data(), nullptr};
  const FileActions actions(command.log_file, agent.get());
  const OwnSession session;
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, command.program.c_str(), actions.get(), session.get(), argv, environ);
  if (error != 0) return fail(os::os_error("starting " + command.program, error));
  return pid;
}

bool shepherd_runs(const std::string& folder) {
  const std::string command = std::string("usine-shepherd") + '\0' + folder + '\0';
  return !processes_where("cmdline", [&command](const std::string& arguments) {
            return arguments.starts_with(command);
          }).empty();
}

void end_strays(const std::string& folder) {
  const std::string mark = '\0' + ("USINE_SHEPHERD=" + folder) + "/shepherd.sock" + '\0';
  const auto is_marked = [&mark](const std::string& environment) {
    return ('\0' + environment).find(mark) != std::string::npos;
  };
  // Again and again, since what is being killed may have children meanwhile.
  for (int round = 0; round < kKillRoundsMax; ++round) {
    const std::vector<pid_t> strays = processes_where("environ", is_marked);
    if (strays.empty()) return;
    for (const pid_t pid : strays) ::kill(pid, SIGKILL);
  }
}

}  // namespace usine::agent
