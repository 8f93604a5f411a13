#include "agent/exec/prepared_child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace usine::exec {
namespace {

constexpr mode_t kOutputMode = 0666;  // less the job's umask
constexpr int kGroupsMax = 65'536;
constexpr unsigned kFirstDescriptorToClose = 3;

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Where execvp would look; the search itself is the child's, who has the user's rights.
std::vector<std::string> candidates_for(const agent::ProcessPlan& plan) {
  const std::string& name = plan.argv.front();
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> candidates;
  std::string path = agent::Environment(plan.environment).get("PATH");
  if (path.empty()) path = "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string folder = path.substr(begin, end - begin);
    candidates.push_back((folder.empty() ? "." : folder) + '/' + name);
    begin = end + 1;
  }
  return candidates;
}

std::vector<gid_t> groups_of(const agent::ProcessPlan& plan) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(plan.user.c_str(), plan.gid, groups.data(), &count) < 0) {
    if (count > kGroupsMax) return {plan.gid};
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

std::vector<std::pair<int, rlimit>> limits_of(const agent::ProcessPlan& plan) {
  std::vector<std::pair<int, rlimit>> limits;
  for (const ResourceLimit& wanted : plan.limits) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(wanted.resource), &limit) != 0) continue;
    const rlim_t soft = wanted.soft == ResourceLimit::kNoLimit ? RLIM_INFINITY : wanted.soft;
    // Raising the hard limit takes a privilege; the job gets as much as this node allows.
    limit.rlim_cur = std::min(soft, limit.rlim_max);
    limits.emplace_back(wanted.resource, limit);
  }
  return limits;
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void send(int reports, const ChildReport& report) {
  // Short enough to be written whole (PIPE_BUF).
  static_cast<void>(!::write(reports, &report, sizeof(report)));
}

[[noreturn]] void give_up(int reports, ChildStep step, int error) {
  send(reports, {.step = step, .error = error});
  ::_exit(127);
}

// Never waits: for a FIFO, that is, whose other end nobody may ever open. What has been opened
// waits for its data as usual.
int open_now(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kOutputMode);
  if (fd < 0) return fd;
  struct stat status{};
  const bool fifo = ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
  if (fifo && (flags & O_ACCMODE) == O_RDONLY) {
    ::close(fd);
    errno = ESPIPE;  // it would read as empty before anybody has written to it
    return -1;
  }
  ::fcntl(fd, F_SETFL, flags & O_APPEND);
  return fd;
}

}  // namespace

PreparedChild::PreparedChild(const agent::ProcessPlan& plan, const Streams& streams,
                             const contain::Entry& entry)
    : plan_(plan),
      streams_(streams),
      entry_(entry),
      argv_(pointers_to(plan.argv)),
      environment_(pointers_to(plan.environment)),
      candidates_(candidates_for(plan)),
      limits_(limits_of(plan)) {
  change_user_ = ::geteuid() == 0 && plan.uid != 0;
  if (change_user_) groups_ = groups_of(plan);
  cpu_set_t ours;
  CPU_ZERO(&ours);
  CPU_ZERO(&cores_);
  if (::sched_getaffinity(0, sizeof(ours), &ours) != 0) return;
  for (const std::uint32_t pu : plan.pus) {
    if (pu >= CPU_SETSIZE || !CPU_ISSET(pu, &ours)) continue;
    CPU_SET(pu, &cores_);
    bind_ = true;
  }
}

void PreparedChild::run(int reports, const Birth& birth) const {
  ::setsid();
  reset_signals();
  ::umask(plan_.umask);
  if (const int error = join_groups(birth.in_group); error != 0) {
    give_up(reports, ChildStep::kGroup, error);
  }
  // Cores that the process may not have after all leave it where it is, which is slow, not wrong.
  if (bind_) ::sched_setaffinity(0, sizeof(cores_), &cores_);
  if (const int error = become_user(); error != 0) give_up(reports, ChildStep::kIdentity, error);
  // After becoming the user, since that clears it. A parent that is gone already sends no signal.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != birth.parent) ::_exit(127);
  if (::chdir(plan_.working_directory.c_str()) != 0) {
    give_up(reports, ChildStep::kFolder, errno);
  }
  open_streams(reports);
  // Last, so that they bind the program and not what leads to it.
  apply_limits();
  report_program(reports, execute());
  ::_exit(127);
}

void PreparedChild::report_program(int reports, int error) const {
  ChildReport report{.step = ChildStep::kProgram, .error = error};
  const int program = ::open(argv_.front(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (program >= 0) {
    static_cast<void>(!::read(program, report.first_line, ChildReport::kLineBytesMax - 1));
  }
  send(reports, report);
}

int PreparedChild::join_groups(bool in_group) const {
  // "0" is who writes. For a thread that moves itself the kernel holds no other one up, which it
  // would for whole processes.
  for (const int tasks : entry_.tasks) {
    if (::write(tasks, "0", 1) != 1) return errno;
  }
  if (entry_.mounts >= 0 && ::setns(entry_.mounts, CLONE_NEWNS) != 0) return errno;
  if (entry_.group < 0 || in_group) return 0;
  const int processes = ::openat(entry_.group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (processes < 0) return errno;
  const bool joined = ::write(processes, "0", 1) == 1;
  return joined ? 0 : errno;
}

void PreparedChild::apply_limits() const {
  for (const auto& [resource, limit] : limits_) {
    ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
  }
}

int PreparedChild::become_user() const {
  if (!change_user_) return 0;
  // The calls themselves: the C library's would tell the parent's threads, which are not here.
  if (::syscall(SYS_setgroups, groups_.size(), groups_.data()) != 0) return errno;
  if (::syscall(SYS_setgid, plan_.gid) != 0) return errno;
  return ::syscall(SYS_setuid, plan_.uid) != 0 ? errno : 0;
}

int PreparedChild::open_output(const std::string& path) const {
  const int how = plan_.append ? O_APPEND : O_TRUNC;
  return open_now(path.c_str(), O_WRONLY | O_CREAT | how);
}

void PreparedChild::open_streams(int reports) const {
  const int input = streams_.input >= 0 ? streams_.input : open_now(plan_.input.c_str(), O_RDONLY);
  if (input < 0) give_up(reports, ChildStep::kInput, errno);
  const int output = streams_.output >= 0 ? streams_.output : open_output(plan_.output);
  if (output < 0) give_up(reports, ChildStep::kOutput, errno);
  int error = output;
  if (streams_.error >= 0) {
    error = streams_.error;
  } else if (!plan_.error.empty()) {
    error = open_output(plan_.error);
  }
  if (error < 0) give_up(reports, ChildStep::kErrorFile, errno);
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(error, STDERR_FILENO) < 0) {
    give_up(reports, ChildStep::kStreams, errno);
  }
  // Which a session leader alone can do, as this process has been from the start.
  if (streams_.terminal && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    give_up(reports, ChildStep::kStreams, errno);
  }
}

int PreparedChild::execute() const {
  // Descriptors are opened close-on-exec throughout; libraries' may not be.
  ::close_range(kFirstDescriptorToClose, ~0u, CLOSE_RANGE_CLOEXEC);
  int error = ENOENT;
  for (const std::string& candidate : candidates_) {
    ::execve(candidate.c_str(), argv_.data(), environment_.data());
    if (errno == EACCES) error = EACCES;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return errno;
  }
  return error;
}

}  // namespace usine::exec
