#include "cli/raw_terminal.h"

#include <csignal>
#include <sys/ioctl.h>
#include <unistd.h>

namespace usine::cli {
namespace {

constexpr std::uint32_t kPlainRows = 24;
constexpr std::uint32_t kPlainColumns = 80;

}  // namespace

void RawTerminal::take() {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
  if (!before_) before_ = now;
  ::cfmakeraw(&now);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

void RawTerminal::restore() {
  if (!before_) return;
  // Also from the background, where the shell that took the terminal back has set it already.
  sigset_t stopping;
  sigset_t others;
  ::sigemptyset(&stopping);
  ::sigaddset(&stopping, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &stopping, &others);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
  ::pthread_sigmask(SIG_SETMASK, &others, nullptr);
  before_.reset();
}

void RawTerminal::stand_by() {
  restore();
  ::raise(SIGSTOP);
  take();
}

proto::WindowSize RawTerminal::size() {
  proto::WindowSize size;
  size.set_rows(kPlainRows);
  size.set_columns(kPlainColumns);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    winsize window{};
    if (::ioctl(fd, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) continue;
    size.set_rows(window.ws_row);
    size.set_columns(window.ws_col);
    break;
  }
  return size;
}

}  // namespace usine::cli
