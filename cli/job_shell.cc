#include "cli/job_shell.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/step_client.h"
#include "common/os/os_error.h"
#include "proto/shepherd.pb.h"

namespace usine::cli {
namespace {

constexpr Millis kSendTimeout{30'000};
// Between the job's start, which the scheduler tells, and its head's being told of it.
constexpr Millis kReadyTimeout{60'000};
constexpr int kSignalExit = 128;

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the forked child: only calls that are safe there.
[[noreturn]] void become(char* const* argv, char** environment, pid_t parent, int errors) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // Whatever becomes of the process that holds the job, the shell does not go on without it.
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);
  if (::getppid() != parent) ::_exit(kSignalExit + SIGHUP);
  ::environ = environment;
  ::execvp(argv[0], argv);
  const int error = errno;
  static_cast<void>(!::write(errors, &error, sizeof(error)));
  ::_exit(127);
}

std::vector<std::string> split_environment(const std::string& blob) {
  std::vector<std::string> entries;
  for (std::size_t begin = 0; begin < blob.size();) {
    const std::size_t end = blob.find('\0', begin);
    entries.push_back(blob.substr(begin, end - begin));
    begin = end == std::string::npos ? blob.size() : end + 1;
  }
  return entries;
}

}  // namespace

Result<std::vector<std::string>> JobShell::hold() {
  proto::ShepherdMessage message;
  message.mutable_hold_job();
  const Status sent = shepherd_.send_now(message.SerializeAsString(), kSendTimeout);
  if (!sent) return fail(sent.error().within("holding the job"));
  const auto deadline = std::chrono::steady_clock::now() + kReadyTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    std::array<pollfd, 2> fds = {{{shepherd_.fd(), POLLIN, 0}, {signals_, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(kReadyTimeout.count()));
    if (fds[1].revents != 0 && interrupt_waits(signals_)) {
      return fail(ErrorCode::kConflict, "interrupted");
    }
    if (fds[0].revents == 0) continue;
    const auto open = shepherd_.fill();
    if (!open) return fail(open.error());
    const auto frame = shepherd_.next();
    if (!frame) return fail(frame.error());
    if (!*frame && !*open) break;
    if (!*frame || !message.ParseFromString(**frame)) continue;
    if (message.has_refused()) return fail(ErrorCode::kRefused, message.refused().message());
    if (message.has_job_ending()) break;
    if (message.has_job_held()) return split_environment(message.job_held().environment());
  }
  return fail(ErrorCode::kUnavailable, "the job's head node does not answer");
}

Status JobShell::start(const std::vector<std::string>& argv,
                       const std::vector<std::string>& environment) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return fail(os::os_error("making a pipe"));
  const os::UniqueFd errors(pipe_fds[0]);
  os::UniqueFd errors_end(pipe_fds[1]);
  std::vector<char*> words = pointers_to(argv);
  std::vector<char*> variables = pointers_to(environment);
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(words.data(), variables.data(), self, errors_end.get());
  if (pid_ < 0) return fail(os::os_error("starting " + argv.front()));
  errors_end.reset();
  shell_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  int error = 0;
  if (::read(errors.get(), &error, sizeof(error)) != sizeof(error)) {
    return shell_ ? Status() : fail(os::os_error("watching " + argv.front()));
  }
  ::waitpid(pid_, nullptr, 0);
  errno = error;
  return fail(os::os_error("running '" + argv.front() + "'"));
}

Result<int> JobShell::run(const std::vector<std::string>& argv,
                          const std::vector<std::string>& environment) {
  if (Status started = start(argv, environment); !started) return fail(started.error());
  while (!ended_) {
    if (Status status = wait_for_something(); !status) return fail(status.error());
  }
  if (!left_) let_go();
  return signal_ != 0 ? kSignalExit + signal_ : exit_code_;
}

Status JobShell::wait_for_something() {
  std::array<pollfd, 3> fds = {
      {{shell_.get(), POLLIN, 0}, {signals_, POLLIN, 0}, {left_ ? -1 : shepherd_.fd(), POLLIN, 0}}};
  if (::poll(fds.data(), fds.size(), -1) < 0) {
    return errno == EINTR ? Status() : fail(os::os_error("waiting for the shell"));
  }
  if (fds[2].revents != 0) read_shepherd();
  if (fds[1].revents != 0) take_signal();
  if (fds[0].revents != 0) take_end();
  return {};
}

// A line that is lost means the same as a word that the job ends: its head ends it then.
void JobShell::read_shepherd() {
  const auto open = shepherd_.fill();
  bool ends = !open || !*open;
  while (true) {
    const auto frame = shepherd_.next();
    if (!frame || !*frame) break;
    proto::ShepherdMessage message;
    ends |= message.ParseFromString(**frame) && (message.has_job_ending() || message.has_ended());
  }
  if (!ends) return;
  left_ = true;
  job_ends_();
  ::kill(pid_, SIGHUP);
  ::kill(pid_, SIGCONT);  // one that is stopped takes it only then
}

// Ctrl-C and the like are typed for the shell, which gets them itself.
void JobShell::take_signal() {
  signalfd_siginfo caught{};
  if (::read(signals_, &caught, sizeof caught) != sizeof caught) return;
  const auto signal = static_cast<int>(caught.ssi_signo);
  if (signal == SIGINT || signal == SIGQUIT) return;
  // A shell with a terminal takes no notice of TERM, and who sends it means the whole.
  ::kill(pid_, signal == SIGTERM ? SIGHUP : signal);
}

void JobShell::take_end() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  ended_ = true;
  if (WIFSIGNALED(status)) {
    signal_ = WTERMSIG(status);
  } else {
    exit_code_ = WEXITSTATUS(status);
  }
}

void JobShell::let_go() {
  proto::ShepherdMessage message;
  message.mutable_release_job()->set_exit_code(exit_code_);
  message.mutable_release_job()->set_signal(signal_);
  // Where it does not arrive, the end of the connection ends the job.
  static_cast<void>(shepherd_.send_now(message.SerializeAsString(), kSendTimeout));
}

}  // namespace usine::cli
