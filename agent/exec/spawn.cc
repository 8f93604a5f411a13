#include "agent/exec/spawn.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/exec/prepared_child.h"
#include "common/os/unique_fd.h"

namespace usine::exec {
namespace {

// A child becomes its program in a millisecond; one that a file system keeps from it for so long is
// given up, since the shepherd waits for it meanwhile. Servers that change over take some seconds.
constexpr std::chrono::seconds kStartTimeMax{30};

// Before it is the user, the machine is out of something. Afterwards the user's own limits, files
// and quotas are in play, and only what no user can bring about alone is the node's: the whole
// system's table of files is full, or a program cannot be read from the disk.
bool is_node_fault(const ChildReport& report) {
  switch (report.step) {
    case ChildStep::kGroup: return true;
    case ChildStep::kIdentity: return report.error == ENOMEM || report.error == EAGAIN;
    case ChildStep::kProgram: return report.error == ENFILE || report.error == EIO;
    default: return report.error == ENFILE;
  }
}

// What the first line of a script names: "#!/bin/sh -e" gives "/bin/sh".
std::string interpreter_in(std::string_view script) {
  if (!script.starts_with("#!")) return {};
  const std::size_t begin = script.find_first_not_of(" \t", 2);
  if (begin == std::string_view::npos) return {};
  return std::string(script.substr(begin, script.find_first_of(" \t\n", begin) - begin));
}

std::string describe_program(const agent::ProcessPlan& plan, const ChildReport& report) {
  const int error = report.error;
  const std::string& program = plan.argv.front();
  const bool is_path = program.find('/') != std::string::npos;
  const std::string named = is_path ? interpreter_in(report.first_line) : std::string();
  const std::string interpreter = plan.by_script ? program : named;
  if (error == ENOENT && !interpreter.empty()) {
    const bool carriage_return = interpreter.ends_with('\r');
    return "the interpreter '" + interpreter.substr(0, interpreter.size() - carriage_return) +
           "' of the script's first line does not exist" +
           (carriage_return ? " (the line ends in a carriage return: convert the script)" : "");
  }
  if ((error == ENOMEM || error == EAGAIN || error == E2BIG) && !plan.limits.empty()) {
    return "cannot execute '" + program + "': " + std::strerror(error) +
           " (the limits of the shell that submitted the job hold for it too: see ulimit -a)";
  }
  if (error == ENOENT && !is_path) return "cannot find the program '" + program + "' in PATH";
  return "cannot execute '" + program + "': " + std::strerror(error);
}

constexpr const char* kNobodyReads = ": it is a FIFO, a socket or a device that nobody reads";
constexpr const char* kFifoAsInput = ": a FIFO cannot be a job's input, read it in the script";

std::string describe(const agent::ProcessPlan& plan, const ChildReport& report) {
  const std::string reason = std::string(": ") + std::strerror(report.error);
  const std::string why_not_open = report.error == ENXIO    ? kNobodyReads
                                   : report.error == ESPIPE ? kFifoAsInput
                                                            : reason;
  switch (report.step) {
    case ChildStep::kGroup: return "cannot join the job's control groups and mounts" + reason;
    case ChildStep::kIdentity:
      return "cannot become user '" + plan.user + "' (uid " + std::to_string(plan.uid) + ")" +
             reason;
    case ChildStep::kFolder:
      return "cannot change to the working directory '" + plan.working_directory + "'" + reason;
    case ChildStep::kInput: return "cannot open the input file '" + plan.input + "'" + why_not_open;
    case ChildStep::kOutput:
      return "cannot open the output file '" + plan.output + "'" + why_not_open;
    case ChildStep::kErrorFile:
      return "cannot open the error file '" + plan.error + "'" + why_not_open;
    case ChildStep::kStreams: return "cannot connect the process's streams" + reason;
    case ChildStep::kProgram: return describe_program(plan, report);
  }
  return "cannot start the process" + reason;
}

enum class Started : std::uint8_t { kYes, kNo, kLate };

// Waits until the child has become its program or says why it could not.
Started wait_for_start(int reports, ChildReport& report) {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeMax;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Started::kLate;
    pollfd entry{reports, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = ::read(reports, &report, sizeof(report));
    if (got < 0 && errno == EINTR) continue;
    // The pipe closed in execve, else the report is there whole.
    return got == static_cast<ssize_t>(sizeof(report)) ? Started::kNo : Started::kYes;
  }
}

// As fork(); the child begins its life in the group (Linux 5.7), so that nothing of it is ever
// outside, and no process has to be moved, which holds up the whole system.
pid_t fork_into(int group) {
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(group);
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

std::unexpected<SpawnError> fork_failed(const contain::Entry& entry) {
  const std::string reason = std::strerror(errno);
  if (errno == EAGAIN && entry.group >= 0) {
    return std::unexpected(SpawnError{false, "the job has as many processes as it may: " + reason});
  }
  return std::unexpected(SpawnError{true, "forking: " + reason});
}

}  // namespace

std::expected<pid_t, SpawnError> spawn(const agent::ProcessPlan& plan, const Streams& streams,
                                       const contain::Entry& entry) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) {
    return std::unexpected(SpawnError{true, std::string("making a pipe: ") + std::strerror(errno)});
  }
  const os::UniqueFd reports(pipe_fds[0]);
  os::UniqueFd reports_end(pipe_fds[1]);
  const PreparedChild child(plan, streams, entry);
  PreparedChild::Birth birth{.parent = ::getpid(), .in_group = entry.group >= 0};
  pid_t pid = birth.in_group ? fork_into(entry.group) : -1;
  if (pid < 0 && (!birth.in_group || (errno != EAGAIN && errno != ENOMEM))) {
    birth.in_group = false;
    pid = ::fork();
  }
  if (pid == 0) child.run(reports_end.get(), birth);
  if (pid < 0) return fork_failed(entry);
  reports_end.reset();

  ChildReport report;
  const Started started = wait_for_start(reports.get(), report);
  if (started == Started::kYes) return pid;
  if (started == Started::kLate) {
    // One that hangs in the kernel dies only later: it is reaped with the orphans then.
    ::kill(pid, SIGKILL);
    return std::unexpected(SpawnError{false, "its files did not open within " +
                                                 std::to_string(kStartTimeMax.count()) +
                                                 " s: a file system does not answer"});
  }
  // Nobody else may see the end of a process that never was the job's.
  static_cast<void>(::waitpid(pid, nullptr, 0));
  return std::unexpected(SpawnError{is_node_fault(report), describe(plan, report)});
}

}  // namespace usine::exec
