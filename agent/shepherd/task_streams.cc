#include "agent/shepherd/task_streams.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/os/os_error.h"

namespace usine::shepherd {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;
// What a pipe holds unless root has raised it; a terminal holds less.
constexpr std::size_t kPipeBytesMax = 1u << 20;

void make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  static_cast<void>(::fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

}  // namespace

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(os::os_error("making a pipe"));
  return Pipe{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
}

OutputPipe::OutputPipe(os::PollLoop& loop, os::UniqueFd read_end, OnData on_data)
    : loop_(loop), fd_(std::move(read_end)), on_data_(std::move(on_data)) {
  make_nonblocking(fd_.get());
  loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
}

void OutputPipe::hold(bool held) {
  if (closed() || held_ == held) return;
  held_ = held;
  // A held pipe is not watched at all, since a hang-up would be told again and again.
  if (held) {
    loop_.forget(fd_.get());
  } else {
    loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
    if (left_) read_some();
  }
}

void OutputPipe::expect_no_more() {
  if (closed()) return;
  int waiting = 0;
  // Where the kernel does not say, an empty pipe ends it; of a terminal it does not count what is
  // on its way from one end to the other, which a read brings along.
  const bool known = ::isatty(fd_.get()) == 0 && ::ioctl(fd_.get(), FIONREAD, &waiting) == 0;
  left_ = known ? static_cast<std::size_t>(waiting) : kPipeBytesMax;
  if (!held_) read_some();
}

// Reads on at once only when the task has ended; before, other streams get their turn.
void OutputPipe::read_some() {
  std::array<char, kReadBytes> buffer;
  do {
    const std::size_t most = std::min(left_.value_or(buffer.size()), buffer.size());
    const ssize_t got = most == 0 ? 0 : ::read(fd_.get(), buffer.data(), most);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN && !left_) return;
    if (got <= 0) {
      close();
      return on_data_({});
    }
    if (left_) *left_ -= static_cast<std::size_t>(got);
    on_data_(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  } while (left_ && !held_ && !closed());
}

void OutputPipe::close() {
  if (closed()) return;
  if (!held_) loop_.forget(fd_.get());
  fd_.reset();
}

InputPipe::InputPipe(os::PollLoop& loop, os::UniqueFd write_end)
    : loop_(loop), fd_(std::move(write_end)) {
  make_nonblocking(fd_.get());
  loop_.watch(fd_.get(), 0, [this](std::uint32_t events) {
    const bool reader_gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (reader_gone) give_up();
    if (!reader_gone) write_some();
  });
}

void InputPipe::send(std::string_view data) {
  if (!fd_) return;
  if (data.empty()) ends_ = true;
  waiting_.append(data);
  write_some();
}

// Nobody reads any more: what waits is as good as taken.
void InputPipe::give_up() {
  waiting_.clear();
  close();
  if (taken_) taken_();
}

void InputPipe::write_some() {
  if (!fd_) return;
  const ssize_t written = ::write(fd_.get(), waiting_.data(), waiting_.size());
  if (written < 0 && errno != EAGAIN && errno != EINTR) return give_up();
  if (written > 0) waiting_.erase(0, static_cast<std::size_t>(written));
  if (fd_ && waiting_.empty() && ends_) close();
  if (fd_) loop_.change(fd_.get(), waiting_.empty() ? 0u : EPOLLOUT);
  if (waiting_.empty() && taken_) taken_();
}

void InputPipe::close() {
  if (!fd_) return;
  loop_.forget(fd_.get());
  fd_.reset();
}

}  // namespace usine::shepherd
