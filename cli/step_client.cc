#include "cli/step_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include "cli/job_pass.h"
#include "cli/options.h"
#include "common/os/os_error.h"
#include "common/os/sockets.h"

namespace usine::cli {
namespace {

constexpr std::array kPassedSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
// What concerns the terminal itself and not the program behind it.
constexpr std::array kTerminalSignals = {SIGWINCH, SIGTSTP, SIGCONT};
constexpr Millis kSendTimeout{30'000};
// Input is read no further while so much of it waits to be sent.
constexpr std::size_t kUnsentInputMax = 1u << 20;
constexpr std::size_t kInputChunkBytes = 64u << 10;
// A line that is labelled is kept until its end, or until it is so long.
constexpr std::size_t kLineBytesMax = 64u << 10;
// So many Ctrl-C end the client itself, where the step does not.
constexpr int kInterruptsMax = 3;
constexpr std::uint32_t kInputToNone = 2;  // of RunStep.input_to
constexpr int kSignalExit = 128;           // what shells add to the number of the signal

// Gives errno where not all could be written, else 0.
int write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Status send_now(os::FrameSocket& socket, const proto::ShepherdMessage& message) {
  return socket.send_now(message.SerializeAsString(), kSendTimeout);
}

bool is_of_terminal(int signal) {
  return std::ranges::find(kTerminalSignals, signal) != kTerminalSignals.end();
}

bool asks_to_end(int signal) {
  return signal != SIGUSR1 && signal != SIGUSR2 && !is_of_terminal(signal);
}

}  // namespace

Result<os::FrameSocket> connect_to_shepherd(const std::string& path) {
  const auto pass = read_job_pass(path);
  if (!pass) return fail(pass.error());
  if (*pass) return connect_to_shepherd((*pass)->address, (*pass)->job_key);
  auto fd = os::connect_unix(path);
  if (!fd) return fail(fd.error().within("reaching the job's shepherd"));
  return os::FrameSocket(*std::move(fd));
}

Result<os::FrameSocket> connect_to_shepherd(const std::string& address,
                                            const std::string& job_key) {
  const auto endpoint = os::parse_endpoint(address);
  if (!endpoint) return fail(endpoint.error());
  auto fd = os::start_connect_tcp(*endpoint);
  if (!fd) return fail(fd.error());
  os::FrameSocket socket(*std::move(fd));
  proto::ShepherdMessage greeting;
  greeting.mutable_greet()->set_job_key(job_key);
  const Status sent = send_now(socket, greeting);
  if (!sent) return fail(ErrorCode::kIo, "the job's head node at " + address + " does not answer");
  return socket;
}

Result<os::UniqueFd> take_signals(bool with_terminal) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kPassedSignals) sigaddset(&signals, signal);
  for (const int signal : kTerminalSignals) {
    if (with_terminal) sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  os::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail(os::os_error("reading signals"));
  return fd;
}

bool interrupt_waits(int signals) {
  signalfd_siginfo caught{};
  if (::read(signals, &caught, sizeof caught) != sizeof caught) return false;
  return asks_to_end(static_cast<int>(caught.ssi_signo));
}

Result<int> StepClient::run(const proto::RunStep& step) {
  proto::ShepherdMessage message;
  *message.mutable_run_step() = step;
  input_open_ = step.input_to() != kInputToNone;
  if (Status sent = send(message); !sent) return fail(sent.error());
  while (!end_) {
    if (Status status = wait_for_something(); !status) return fail(status.error());
    if (interrupts_ >= kInterruptsMax) return kSignalExit + SIGINT;
    if (!shepherd_open_ && !end_) {
      return fail(ErrorCode::kIo, "the job has ended before the step did");
    }
  }
  for (const auto& [stream, rest] : unfinished_) {
    if (rest.empty()) continue;
    const std::string line = std::to_string(stream.first) + ": " + rest + '\n';
    write_out(stream.second, line);
  }
  if (ended_by_ != 0) return kSignalExit + ended_by_;
  if (!*end_ || **end_ != 0 || write_error_ == 0) return *end_;
  return fail(ErrorCode::kIo, std::string("the step has ended well, but its output could not be "
                                          "written: ") +
                                  std::strerror(write_error_));
}

// The step goes on without those who read it. Where they have not hung up, what is lost is told.
void StepClient::write_out(bool is_error, std::string_view bytes) {
  const int error = write_whole(is_error ? STDERR_FILENO : STDOUT_FILENO, bytes);
  if (error != EPIPE && write_error_ == 0) write_error_ = error;
}

Status StepClient::send(const proto::ShepherdMessage& message) {
  return shepherd_.send(message.SerializeAsString());
}

Status StepClient::wait_for_something() {
  const std::size_t unsent = shepherd_.unsent_bytes();
  const bool reads_input = started_ && input_open_ && unsent < kUnsentInputMax;
  const auto events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  std::array<pollfd, 3> fds = {{{shepherd_.fd(), events, 0},
                                {signals_, POLLIN, 0},
                                {reads_input ? STDIN_FILENO : -1, POLLIN, 0}}};
  if (::poll(fds.data(), fds.size(), -1) < 0) {
    if (errno == EINTR) return {};
    return fail(os::os_error("waiting for the step"));
  }
  if ((fds[0].revents & POLLOUT) != 0) {
    if (Status flushed = shepherd_.flush(); !flushed) return flushed;
  }
  if ((fds[0].revents & ~POLLOUT) != 0) {
    if (Status read = read_shepherd(); !read) return read;
  }
  if (fds[1].revents != 0) {
    if (Status passed = pass_signal_on(); !passed) return passed;
  }
  return fds[2].revents != 0 ? send_input() : Status();
}

Status StepClient::read_shepherd() {
  const auto open = shepherd_.fill();
  if (!open) return fail(open.error());
  shepherd_open_ = *open;
  while (true) {
    const auto frame = shepherd_.next();
    if (!frame) return fail(frame.error());
    if (!*frame) return {};
    proto::ShepherdMessage message;
    if (!message.ParseFromString(**frame)) {
      return fail(ErrorCode::kInvalid, "the shepherd's answer does not read back");
    }
    take(message);
  }
}

void StepClient::take(const proto::ShepherdMessage& message) {
  switch (message.message_case()) {
    case proto::ShepherdMessage::kStepStarted:
      step_ = message.step_started().step();
      started_ = true;
      if (terminal_ != nullptr) terminal_->take();
      break;
    case proto::ShepherdMessage::kNotice: tell(message.notice().text()); break;
    case proto::ShepherdMessage::kOutput: write_output(message.output()); break;
    case proto::ShepherdMessage::kStepEnded:
      if (terminal_ != nullptr) terminal_->restore();  // before anything is said on it
      if (!message.step_ended().message().empty()) {
        std::fprintf(stderr, "usine: %s\n", one_line(message.step_ended().message()).c_str());
      }
      end_ = message.step_ended().exit_code();
      break;
    case proto::ShepherdMessage::kRefused:
      end_ = fail(ErrorCode::kRefused, message.refused().message());
      break;
    default: break;  // what shepherds tell each other is not for us
  }
}

// A terminal that the step has taken makes no new line of a line feed alone.
void StepClient::tell(const std::string& notice) const {
  const bool raw = terminal_ != nullptr && started_;
  std::fprintf(stderr, "usine: %s%s\n", one_line(notice).c_str(), raw ? "\r" : "");
}

void StepClient::write_output(const proto::TaskOutput& output) {
  if (label_) return write_labelled(output);
  write_out(output.is_error(), output.data());
}

// Whole lines with their rank in front; the rest of a line waits for its end.
void StepClient::write_labelled(const proto::TaskOutput& output) {
  std::string& rest = unfinished_[{output.rank(), output.is_error()}];
  rest += output.data();
  std::string lines;
  std::size_t begin = 0;
  for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
    lines += std::to_string(output.rank()) + ": " + rest.substr(begin, end + 1 - begin);
    begin = end + 1;
  }
  rest.erase(0, begin);
  if (rest.size() > kLineBytesMax) {
    lines += std::to_string(output.rank()) + ": " + std::exchange(rest, {}) + '\n';
  }
  write_out(output.is_error(), lines);
}

Status StepClient::send_input() {
  std::array<char, kInputChunkBytes> buffer{};
  const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  // A terminal that is not ours to read, or an input that was closed, ends the input.
  const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
  input_open_ = bytes > 0;
  proto::ShepherdMessage message;
  message.mutable_input()->set_step(step_);
  message.mutable_input()->set_data(buffer.data(), bytes);
  return send(message);
}

Status StepClient::pass_signal_on() {
  signalfd_siginfo caught{};
  if (::read(signals_, &caught, sizeof caught) != sizeof caught) return {};
  const int signal = static_cast<int>(caught.ssi_signo);
  if (is_of_terminal(signal)) return follow_terminal(signal);
  if (signal == SIGINT) ++interrupts_;
  if (ended_by_ != 0 && asks_to_end(signal)) return {};
  if (end_all_ && asks_to_end(signal) && end_all_()) {
    ended_by_ = signal;
    return {};
  }
  proto::ShepherdMessage message;
  message.mutable_signal_step()->set_step(step_);
  message.mutable_signal_step()->set_signal(signal);
  return send(message);
}

// Before the step has started there is nothing to hand the terminal to.
Status StepClient::follow_terminal(int signal) {
  if (terminal_ == nullptr || !started_) return {};
  if (signal == SIGTSTP) terminal_->stand_by();
  if (signal == SIGCONT) terminal_->take();  // whoever had it meanwhile has set it his way
  proto::ShepherdMessage message;
  *message.mutable_window_size() = RawTerminal::size();
  message.mutable_window_size()->set_step(step_);
  return send(message);
}

}  // namespace usine::cli
