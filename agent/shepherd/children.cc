#include "agent/shepherd/children.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "common/os/os_error.h"
#include "common/os/processes.h"

namespace usine::shepherd {
namespace {

// Rounds of stopping what has been forked meanwhile; a process that is stopped forks no more, so
// only new ones can be left.
constexpr int kStopRoundsMax = 20;
constexpr std::int64_t kKibPerMib = 1024;

std::vector<os::Process> all_of_the_job() { return os::descendants_of(::getpid()); }

std::vector<os::Process> processes_of(const Family& family) {
  std::vector<os::Process> members;
  std::set<pid_t> pids;
  for (const os::Process& process : all_of_the_job()) {  // parents before their children
    const bool left_behind = process.parent == ::getpid();
    const bool belongs =
        family.tasks.contains(process.pid) || pids.contains(process.parent) ||
        family.tasks.contains(process.session) ||
        (left_behind && !family.mark.empty() && os::was_started_with(process.pid, family.mark));
    if (!belongs) continue;
    pids.insert(process.pid);
    members.push_back(process);
  }
  return members;
}

std::int64_t micros(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

using Look = std::function<std::vector<os::Process>()>;

std::map<pid_t, os::Process> stop(const Look& look) {
  std::map<pid_t, os::Process> stopped;
  for (int round = 0; round < kStopRoundsMax; ++round) {
    const std::size_t before = stopped.size();
    for (const os::Process& process : look()) {
      if (stopped.emplace(process.pid, process).second) os::signal_process(process, SIGSTOP);
    }
    if (stopped.size() == before) break;
  }
  return stopped;
}

void stop_and_kill(const Look& look) {
  for (const auto& [pid, process] : stop(look)) os::signal_process(process, SIGKILL);
}

}  // namespace

Result<Children> Children::open() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    return fail(os::os_error("becoming the job's subreaper"));
  }
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return fail(os::os_error("blocking SIGCHLD"));
  }
  os::UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail(os::os_error("making a signalfd"));
  return Children(std::move(signals));
}

void Children::attach(os::PollLoop& loop, contain::JobGroup& group,
                      std::function<void()> none_left) {
  group_ = &group;
  none_left_ = std::move(none_left);
  loop.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { reap(); });
}

void Children::reap() {
  signalfd_siginfo ignored{};
  while (::read(signals_.get(), &ignored, sizeof(ignored)) > 0) {
  }
  // One signal may stand for several ends, so the kernel is asked until it knows of no more.
  while (true) {
    siginfo_t info{};
    const int status = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    if (status != 0 || info.si_pid == 0) break;
    finish(info.si_pid);
  }
  if (!any() && none_left_) none_left_();
}

void Children::finish(pid_t pid) {
  const auto found = waiting_.find(pid);
  // Not reaped yet, so that the group's number cannot be anybody else's.
  if (found != waiting_.end()) ::kill(-pid, SIGKILL);
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, WNOHANG, &usage) != pid) return;
  const std::int64_t peak_mib = (usage.ru_maxrss + kKibPerMib - 1) / kKibPerMib;
  peak_memory_mib_ = std::max(peak_memory_mib_, peak_mib);
  const std::int64_t cpu_us = micros(usage.ru_utime) + micros(usage.ru_stime);
  cpu_us_ += cpu_us;
  if (found == waiting_.end()) return;
  const OnEnd on_end = std::move(found->second);
  waiting_.erase(found);
  ChildEnd end{.peak_memory_mib = peak_mib, .cpu_ms = cpu_us / 1000};
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_code = WEXITSTATUS(status);
  }
  on_end(end);
}

bool Children::any() const {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// By the group where one holds them: the system's whole table of processes is long, and is read by
// the shepherd of every node that this machine stands for.
void Children::signal_all(int signal) const {
  const bool held = group_->holds(contain::Resource::kProcesses);
  const auto members = held ? os::processes_with(group_->processes()) : all_of_the_job();
  for (const os::Process& process : members) os::signal_process(process, signal);
}

void Children::suspend_all() const {
  if (!group_->freeze(true)) static_cast<void>(stop(all_of_the_job));
}

void Children::resume_all() const {
  static_cast<void>(group_->freeze(false));
  signal_all(SIGCONT);
}

void Children::kill_all() {
  const bool again = std::exchange(group_killed_, group_->kill());
  // A job that runs as root can leave its group, and nothing else can.
  if (again || !group_killed_) stop_and_kill(all_of_the_job);
}

void Children::signal(const Family& family, int signal) const {
  for (const os::Process& process : processes_of(family)) os::signal_process(process, signal);
}

void Children::kill(const Family& family) const {
  if (group_->kill(family.step)) return;
  stop_and_kill([&family] { return processes_of(family); });
}

std::int64_t Children::peak_memory_mib() const {
  const auto usage = group_->usage();
  return usage ? usage->peak_memory_mib : peak_memory_mib_;
}

}  // namespace usine::shepherd
