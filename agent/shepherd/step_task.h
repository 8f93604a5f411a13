// One rank of a step on this node: its process, its streams and how it ended. Owned by the
// StepTasks of its step, on the shepherd's poll thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "agent/core/launch_plan.h"
#include "agent/exec/spawn.h"
#include "agent/shepherd/children.h"
#include "agent/shepherd/task_streams.h"
#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

class StepTask {
 public:
  struct Handlers {
    // Empty data: the stream has ended.
    std::function<void(std::uint32_t rank, bool is_error, std::string_view data)> output;
    // Once, when the process has ended and all its output has been handed over.
    std::function<void(StepTask&)> over;
  };

  StepTask(std::uint32_t rank, Handlers handlers) : rank_(rank), handlers_(std::move(handlers)) {}
  StepTask(const StepTask&) = delete;
  StepTask& operator=(const StepTask&) = delete;

  struct Beginning {
    std::uint32_t step = 0;
    bool takes_input = false;
    bool is_silent = false;                       // what it writes is not wanted
    const proto::WindowSize* terminal = nullptr;  // given: all its streams are one, of this size
  };
  // Starts the process in its step's group; with `takes_input` its input is a pipe, else /dev/null.
  // Where it cannot be started the task is over at once and failure() says why.
  void start(agent::ProcessPlan plan, const Beginning& beginning, os::PollLoop& loop,
             Children& children);
  // The task was never tried.
  void refuse(std::string failure);

  void hold_output(bool held);
  void send_input(std::string_view data);
  [[nodiscard]] std::size_t waiting_input() const { return input_ ? input_->waiting() : 0; }
  void when_input_taken(const std::function<void()>& taken);
  // Of its terminal; nothing where it has none.
  void resize(const proto::WindowSize& size) const;
  // To the task's process group.
  void signal(int signal) const;

  [[nodiscard]] std::uint32_t rank() const { return rank_; }
  // Which process it was given, also once that has ended; 0: none.
  [[nodiscard]] pid_t leader() const { return leader_; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] const ChildEnd& end() const { return end_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  [[nodiscard]] Status spawn_with_pipes(const agent::ProcessPlan& plan, const Beginning& beginning,
                                        os::PollLoop& loop, const contain::Entry& entry);
  [[nodiscard]] Status spawn_with_terminal(const agent::ProcessPlan& plan,
                                           const proto::WindowSize& size, os::PollLoop& loop,
                                           const contain::Entry& entry);
  [[nodiscard]] Status spawn(const agent::ProcessPlan& plan, const exec::Streams& streams,
                             const contain::Entry& entry);
  [[nodiscard]] std::unique_ptr<OutputPipe> output_pipe(os::PollLoop& loop, os::UniqueFd fd,
                                                        bool is_error);
  void check_over();

  const std::uint32_t rank_;
  const Handlers handlers_;
  pid_t leader_ = 0;
  pid_t pid_ = 0;                       // 0: no process, or it has ended
  std::unique_ptr<OutputPipe> output_;  // of a terminal what comes from it
  std::unique_ptr<OutputPipe> error_;
  std::unique_ptr<InputPipe> input_;
  os::UniqueFd terminal_;  // our end, to resize it
  ChildEnd end_;
  std::string failure_;
  bool over_ = false;
};

}  // namespace usine::shepherd
