#include "agent/exec/spawn.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/exec/prepared_child.h"
#include "common/os/files.h"
#include "common/os/unique_fd.h"

namespace usine::exec {
namespace {

constexpr std::size_t kScriptBytesMax = 64u << 20;

// Out of processes, memory or descriptors: another job would fare no better on this node.
bool is_node_fault(int error) {
  return error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE || error == EIO;
}

// What the first line of a script names: "#!/bin/sh -e" gives "/bin/sh".
std::string interpreter_of(const std::string& path) {
  const auto script = os::read_file(path, kScriptBytesMax);
  if (!script || !script->starts_with("#!")) return {};
  const std::size_t begin = script->find_first_not_of(" \t", 2);
  if (begin == std::string::npos) return {};
  return script->substr(begin, script->find_first_of(" \t\n", begin) - begin);
}

std::string describe_program(const agent::ProcessPlan& plan, int error) {
  const std::string& program = plan.argv.front();
  const bool is_path = program.find('/') != std::string::npos;
  const std::string interpreter = is_path ? interpreter_of(program) : std::string();
  if (error == ENOENT && !interpreter.empty()) {
    const bool carriage_return = interpreter.ends_with('\r');
    return "the interpreter '" + interpreter.substr(0, interpreter.size() - carriage_return) +
           "' of the script's first line does not exist" +
           (carriage_return ? " (the line ends in a carriage return: convert the script)" : "");
  }
  if (error == ENOENT && !is_path) return "cannot find the program '" + program + "' in PATH";
  return "cannot execute '" + program + "': " + std::strerror(error);
}

std::string describe(const agent::ProcessPlan& plan, const ChildReport& report) {
  const std::string reason = std::string(": ") + std::strerror(report.error);
  switch (report.step) {
    case ChildStep::kIdentity:
      return "cannot become user '" + plan.user + "' (uid " + std::to_string(plan.uid) + ")" +
             reason;
    case ChildStep::kFolder:
      return "cannot change to the working directory '" + plan.working_directory + "'" + reason;
    case ChildStep::kInput: return "cannot open the input file '" + plan.input + "'" + reason;
    case ChildStep::kOutput: return "cannot open the output file '" + plan.output + "'" + reason;
    case ChildStep::kErrorFile: return "cannot open the error file '" + plan.error + "'" + reason;
    case ChildStep::kStreams: return "cannot connect the process's streams" + reason;
    case ChildStep::kProgram: return describe_program(plan, report.error);
  }
  return "cannot start the process" + reason;
}

}  // namespace

std::expected<pid_t, SpawnError> spawn(const agent::ProcessPlan& plan, const Streams& streams) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) {
    return std::unexpected(SpawnError{true, std::string("making a pipe: ") + std::strerror(errno)});
  }
  const os::UniqueFd reports(pipe_fds[0]);
  os::UniqueFd reports_end(pipe_fds[1]);
  const PreparedChild child(plan, streams);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) child.run(reports_end.get(), parent);
  if (pid < 0) {
    return std::unexpected(SpawnError{true, std::string("forking: ") + std::strerror(errno)});
  }
  reports_end.reset();

  ChildReport report;
  ssize_t got = 0;
  do {
    got = ::read(reports.get(), &report, sizeof(report));
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(report))) return pid;  // the pipe closed in execve
  // Nobody else may see the end of a process that never was the job's.
  static_cast<void>(::waitpid(pid, nullptr, 0));
  return std::unexpected(SpawnError{is_node_fault(report.error), describe(plan, report)});
}

}  // namespace usine::exec
