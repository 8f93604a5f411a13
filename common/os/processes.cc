#include "common/os/processes.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>

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

// What the child reports before it becomes the program, or instead of it.
struct Report {
  pid_t pid = 0;
  int error = 0;  // of execve or what leads to it
};

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Runs between fork and exec: only calls that are safe there.
struct Child {
  char* const* argv;
  char* const* environment;
  int log;
  int null;
  int passed;
  int reports;

  void report(pid_t pid, int error) const {
    const Report report{pid, error};
    static_cast<void>(!::write(reports, &report, sizeof(report)));
  }

  [[noreturn]] void become_program() const {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    // Duplicating a descriptor onto itself would leave it close-on-exec.
    if (passed == DetachedProgram::kPassedFd) ::fcntl(passed, F_SETFD, 0);
    if (passed >= 0) ::dup2(passed, DetachedProgram::kPassedFd);
    ::execve(argv[0], argv, environment);
    report(0, errno);
    ::_exit(127);
  }

  // Between us and the program stands a process that ends at once, so that init adopts the program.
  [[noreturn]] void detach() const {
    ::setsid();
    const pid_t pid = ::fork();
    if (pid == 0) become_program();
    report(pid, pid < 0 ? errno : 0);
    ::_exit(0);
  }
};

Result<pid_t> collect_reports(int reports, const std::string& path) {
  pid_t pid = 0;
  int error = 0;
  Report report;
  // Both reports are one short write each, so a read gets one whole or the end.
  while (true) {
    const ssize_t got = ::read(reports, &report, sizeof(report));
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof(report))) break;
    if (report.pid > 0) pid = report.pid;
    if (report.error != 0) error = report.error;
  }
  if (error != 0) return fail(os_error("starting " + path, error));
  if (pid == 0) return fail(ErrorCode::kIo, "starting " + path + ": its starter was killed");
  return pid;
}

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

Result<pid_t> spawn_detached(const DetachedProgram& program) {
  const std::string log_path = program.log_path.empty() ? "/dev/null" : program.log_path;
  const UniqueFd log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return fail(os_error("opening " + log_path));
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return fail(os_error("opening /dev/null"));
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return fail(os_error("making a pipe"));
  const UniqueFd reports(pipe_fds[0]);
  // Out of the way of the number that the passed descriptor gets.
  UniqueFd reports_end(::fcntl(pipe_fds[1], F_DUPFD_CLOEXEC, DetachedProgram::kPassedFd + 1));
  ::close(pipe_fds[1]);

  const std::vector<char*> argv = pointers_to(program.argv);
  const std::vector<char*> environment = pointers_to(program.environment);
  const Child child{argv.data(), environment.data(), log.get(),
                    null.get(),  program.passed_fd,  reports_end.get()};
  const pid_t between = ::fork();
  if (between == 0) child.detach();
  if (between < 0) return fail(os_error("forking"));
  reports_end.reset();
  auto pid = collect_reports(reports.get(), program.argv[0]);
  // Fails only where somebody else has waited for it.
  static_cast<void>(::waitpid(between, nullptr, 0));
  return pid;
}

}  // namespace usine::os
