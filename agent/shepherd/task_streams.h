// The ends of a task's standard streams that the shepherd holds: pipes on its poll loop, or a
// terminal's end, which behaves as one. Owned by the task; a pipe forgets itself in the loop when
// it goes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::shepherd {

struct Pipe {
  os::UniqueFd read_end;
  os::UniqueFd write_end;
};
[[nodiscard]] Result<Pipe> make_pipe();

// What a task writes, until it closes the stream or has ended and the pipe is dry. A process that
// the task left behind may hold the stream open for ever, so an end is not waited for.
class OutputPipe {
 public:
  // Data as it comes, in pieces; the last call has none.
  using OnData = std::function<void(std::string_view data)>;

  OutputPipe(os::PollLoop& loop, os::UniqueFd read_end, OnData on_data);
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;
  ~OutputPipe() { close(); }

  // Reads nothing while held, so that the task waits in turn.
  void hold(bool held);
  // The task has ended: what is in the pipe is all there will be. What somebody else that holds the
  // other end goes on writing is not waited for.
  void expect_no_more();
  [[nodiscard]] bool closed() const { return !fd_; }

 private:
  void read_some();
  void close();

  os::PollLoop& loop_;
  os::UniqueFd fd_;
  OnData on_data_;
  bool held_ = false;
  std::optional<std::size_t> left_;  // bytes to be read yet, once the task has ended
};

// What a task reads.
class InputPipe {
 public:
  InputPipe(os::PollLoop& loop, os::UniqueFd write_end);
  InputPipe(const InputPipe&) = delete;
  InputPipe& operator=(const InputPipe&) = delete;
  ~InputPipe() { close(); }

  // Empty data ends the input. What a task that closed its input is sent is dropped.
  void send(std::string_view data);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // Called when what waited has been taken.
  void when_taken(std::function<void()> taken) { taken_ = std::move(taken); }

 private:
  void give_up();
  void write_some();
  void close();

  os::PollLoop& loop_;
  os::UniqueFd fd_;
  std::string waiting_;
  std::function<void()> taken_;
  bool ends_ = false;
};

}  // namespace usine::shepherd
