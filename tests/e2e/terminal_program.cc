#include "tests/e2e/terminal_program.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "tests/support/wait.h"

namespace usine::test {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr int kSliceMs = 50;
constexpr int kSignalExit = 128;

[[noreturn]] void become(const TerminalCall& call, int terminal) {
  ::login_tty(terminal);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  for (const auto& [name, value] : call.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (!call.folder.empty() && ::chdir(call.folder.c_str()) != 0) ::_exit(126);
  std::vector<char*> argv;
  for (const std::string& word : call.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv.front(), argv.data());
  ::_exit(127);
}

}  // namespace

TerminalProgram::TerminalProgram(const TerminalCall& call) {
  int screen_end = -1;
  int programs_end = -1;
  const winsize window{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&screen_end, &programs_end, nullptr, nullptr, &window) != 0) {
    throw std::runtime_error(std::string("opening a terminal: ") + std::strerror(errno));
  }
  screen_end_.reset(screen_end);
  programs_end_.reset(programs_end);
  ::tcgetattr(programs_end, &before_);
  pid_ = ::fork();
  if (pid_ == 0) {
    screen_end_.reset();
    become(call, programs_end);
  }
  if (pid_ < 0) throw std::runtime_error("forking");
}

TerminalProgram::~TerminalProgram() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void TerminalProgram::type(const std::string& keys) const {
  if (::write(screen_end_.get(), keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    throw std::runtime_error("the terminal takes no more keys");
  }
}

void TerminalProgram::resize(unsigned short rows, unsigned short columns) const {
  const winsize window{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(screen_end_.get(), TIOCSWINSZ, &window);
}

bool TerminalProgram::read_some(int timeout_ms) {
  pollfd entry{screen_end_.get(), POLLIN, 0};
  if (::poll(&entry, 1, timeout_ms) <= 0) return false;
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(screen_end_.get(), buffer.data(), buffer.size());
  if (got <= 0) return false;
  screen_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool TerminalProgram::shows(const std::string& text) {
  const auto found = [this, &text] {
    while (read_some(0)) {
    }
    return screen_.find(text, seen_) != std::string::npos;
  };
  if (!wait_until(found, kPatience)) return false;
  seen_ = screen_.find(text, seen_) + text.size();
  return true;
}

int TerminalProgram::wait() {
  int status = 0;
  const auto ended = [this, &status] {
    while (screen_end_ && read_some(0)) {
    }
    return ::waitpid(pid_, &status, WNOHANG) == pid_;
  };
  if (!wait_until(ended, kPatience)) return -1;
  pid_ = 0;
  while (screen_end_ && read_some(kSliceMs)) {
  }
  return WIFSIGNALED(status) ? kSignalExit + WTERMSIG(status) : WEXITSTATUS(status);
}

void TerminalProgram::hang_up() { screen_end_.reset(); }

void TerminalProgram::signal(int signal) const { ::kill(pid_, signal); }

bool TerminalProgram::is_restored() const {
  termios now{};
  return ::tcgetattr(programs_end_.get(), &now) == 0 && now.c_iflag == before_.c_iflag &&
         now.c_oflag == before_.c_oflag && now.c_lflag == before_.c_lflag;
}

bool TerminalProgram::is_raw() const {
  termios now{};
  return ::tcgetattr(programs_end_.get(), &now) == 0 && (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

}  // namespace usine::test
