#include "common/os/processes.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <spawn.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/check.h"
#include "common/os/files.h"
#include "common/os/os_error.h"
#include "common/os/unique_fd.h"

namespace usine::os {
namespace {

constexpr std::size_t kStatBytesMax = 64u << 10;
// Fields of /proc/PID/stat after the closing parenthesis of the name (proc(5) counts them from 3).
constexpr std::size_t kParentField = 4;
constexpr std::size_t kSessionField = 6;
constexpr std::size_t kStartField = 22;
constexpr std::size_t kFirstFieldAfterName = 3;

// The fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses; empty
// where there is no such process.
std::string stat_fields(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", kStatBytesMax);
  const std::size_t name_end = stat ? stat->rfind(") ") : std::string::npos;
  return name_end == std::string::npos ? std::string() : stat->substr(name_end + 2);
}

std::optional<std::uint64_t> number_in(std::string_view fields, std::size_t field) {
  for (std::size_t i = kFirstFieldAfterName; i < field; ++i) {
    const std::size_t space = fields.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    fields.remove_prefix(space + 1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(fields.data(), fields.data() + fields.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const auto close = [](DIR* folder) { ::closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> proc(::opendir("/proc"), close);
  if (proc == nullptr) return pids;
  while (const dirent* const entry = ::readdir(proc.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

std::optional<Process> look_at(pid_t pid) {
  const std::string fields = stat_fields(pid);
  const auto parent = number_in(fields, kParentField);
  const auto session = number_in(fields, kSessionField);
  const auto start = number_in(fields, kStartField);
  if (!parent || !session || !start) return std::nullopt;
  return Process{pid, static_cast<pid_t>(*parent), static_cast<pid_t>(*session), *start};
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Out of the way of the numbers that the program's own descriptors get.
Result<UniqueFd> open_above(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  UniqueFd above(fd ? ::fcntl(fd.get(), F_DUPFD_CLOEXEC, DetachedProgram::kPassedFd + 1) : -1);
  if (!above) return fail(os_error("opening " + path));
  return above;
}

Result<UniqueFd> output_of(const DetachedProgram& program) {
  if (program.output_fd < 0) {
    return open_above(program.log_path.empty() ? "/dev/null" : program.log_path,
                      O_WRONLY | O_CREAT | O_APPEND);
  }
  UniqueFd above(::fcntl(program.output_fd, F_DUPFD_CLOEXEC, DetachedProgram::kPassedFd + 1));
  if (!above) return fail(os_error("passing a descriptor on"));
  return above;
}

// The program's descriptors: its streams and the passed one, and nothing else of ours.
class FileActions {
 public:
  FileActions(int null, int log, int passed) {
    CHECK_THAT(::posix_spawn_file_actions_init(&actions_) == 0);
    ::posix_spawn_file_actions_adddup2(&actions_, null, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, log, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, log, STDERR_FILENO);
    if (passed >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions_, passed, DetachedProgram::kPassedFd);
    }
    const int last = passed >= 0 ? DetachedProgram::kPassedFd : STDERR_FILENO;
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, last + 1);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// A session of its own, so that no signal to our group reaches it, and no signal blocked or ignored
// as we have them.
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

}  // namespace

std::vector<Process> descendants_of(pid_t root) {
  std::multimap<pid_t, Process> children;
  for (const pid_t pid : all_processes()) {
    if (const auto process = look_at(pid)) children.emplace(process->parent, *process);
  }
  std::vector<Process> found = {{.pid = root}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i].pid);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
    children.erase(begin, end);  // a tree read while it changes must not send us in a circle
  }
  found.erase(found.begin());
  return found;
}

std::vector<Process> processes_with(const std::vector<pid_t>& pids) {
  std::vector<Process> found;
  for (const pid_t pid : pids) {
    if (const auto process = look_at(pid)) found.push_back(*process);
  }
  return found;
}

void signal_process(const Process& process, int signal) {
  // The descriptor stands for one process: what is looked at afterwards is what gets the signal.
  const UniqueFd held(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  const auto now = look_at(process.pid);
  if (!now || now->start_ticks != process.start_ticks) return;
  if (held) {
    ::syscall(SYS_pidfd_send_signal, held.get(), signal, nullptr, 0);
  } else {
    ::kill(process.pid, signal);  // a kernel before 5.3, or no descriptor is left
  }
}

bool was_started_with(pid_t pid, const std::string& entry) {
  const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  if (!environment) return false;
  return ('\0' + *environment).find('\0' + entry + '\0') != std::string::npos;
}

Result<std::uint64_t> start_ticks_of(pid_t pid) {
  const std::string fields = stat_fields(pid);
  const bool ended = fields.starts_with('Z') || fields.starts_with('X');
  const auto ticks = number_in(fields, kStartField);
  if (ticks && !ended) return *ticks;
  return fail(ErrorCode::kNotFound, "there is no process " + std::to_string(pid));
}

std::uint64_t descriptors_max() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void raise_descriptors_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

Result<pid_t> spawn_detached(const DetachedProgram& program) {
  const std::string& path = program.path.empty() ? program.argv.front() : program.path;
  const auto log = output_of(program);
  if (!log) return fail(log.error());
  const auto null = open_above("/dev/null", O_RDONLY);
  if (!null) return fail(null.error());
  const FileActions files(null->get(), log->get(), program.passed_fd);
  const OwnSession session;
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, path.c_str(), files.get(), session.get(),
                    pointers_to(program.argv).data(), pointers_to(program.environment).data());
  if (error != 0) return fail(os_error("starting " + path, error));
  return pid;
}

}  // namespace usine::os
