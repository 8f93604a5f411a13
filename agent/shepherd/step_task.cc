#include "agent/shepherd/step_task.h"

#include <csignal>
#include <fcntl.h>
#include <utility>

#include "agent/shepherd/pty.h"
#include "common/os/os_error.h"

namespace usine::shepherd {
namespace {

// What shells give for a command that could not be run.
constexpr int kNotStarted = 127;
constexpr std::string_view kTypedEnd = "\x04";  // Ctrl-D

}  // namespace

void StepTask::start(agent::ProcessPlan plan, const Beginning& beginning, os::PollLoop& loop,
                     Children& children) {
  plan.input = "/dev/null";
  if (beginning.is_silent) plan.output = "/dev/null";
  const contain::Entry entry = children.entry(beginning.step);
  const Status started = beginning.terminal != nullptr
                             ? spawn_with_terminal(plan, *beginning.terminal, loop, entry)
                             : spawn_with_pipes(plan, beginning, loop, entry);
  if (!started) {
    output_.reset();
    error_.reset();
    input_.reset();
    return refuse(started.error().message);
  }
  children.expect(pid_, [this](const ChildEnd& end) {
    pid_ = 0;
    end_ = end;
    input_.reset();
    if (output_) output_->expect_no_more();
    if (error_) error_->expect_no_more();
    check_over();
  });
}

Status StepTask::spawn_with_pipes(const agent::ProcessPlan& plan, const Beginning& beginning,
                                  os::PollLoop& loop, const contain::Entry& entry) {
  Pipe output;
  Pipe error;
  Pipe input;
  const auto open = [](Pipe& pipe) -> Status {
    auto made = make_pipe();
    if (!made) return fail(made.error());
    pipe = std::move(*made);
    return {};
  };
  Status opened;
  if (!beginning.is_silent) opened = open(output);
  if (opened && !beginning.is_silent) opened = open(error);
  if (opened && beginning.takes_input) opened = open(input);
  if (!opened) return opened;
  const Status spawned = spawn(plan,
                               {.input = input.read_end.get(),
                                .output = output.write_end.get(),
                                .error = error.write_end.get()},
                               entry);
  if (!spawned) return spawned;
  if (output.read_end) output_ = output_pipe(loop, std::move(output.read_end), false);
  if (error.read_end) error_ = output_pipe(loop, std::move(error.read_end), true);
  if (input.write_end) input_ = std::make_unique<InputPipe>(loop, std::move(input.write_end));
  return {};
}

Status StepTask::spawn_with_terminal(const agent::ProcessPlan& plan, const proto::WindowSize& size,
                                     os::PollLoop& loop, const contain::Entry& entry) {
  auto pty = open_pty(plan, size);
  if (!pty) return fail(pty.error());
  const int programs_end = pty->programs_end.get();
  const int ours = pty->shepherds_end.get();
  // Two more, since input, output and size are watched and closed each by itself.
  os::UniqueFd input(::fcntl(ours, F_DUPFD_CLOEXEC, 0));
  os::UniqueFd output(::fcntl(ours, F_DUPFD_CLOEXEC, 0));
  if (!input || !output) return fail(os::os_error("opening a terminal"));
  const exec::Streams streams{
      .input = programs_end, .output = programs_end, .error = programs_end, .terminal = true};
  if (const Status spawned = spawn(plan, streams, entry); !spawned) return spawned;
  terminal_ = std::move(pty->shepherds_end);
  output_ = output_pipe(loop, std::move(output), false);
  input_ = std::make_unique<InputPipe>(loop, std::move(input));
  return {};
}

Status StepTask::spawn(const agent::ProcessPlan& plan, const exec::Streams& streams,
                       const contain::Entry& entry) {
  const auto pid = exec::spawn(plan, streams, entry);
  if (!pid) return fail(ErrorCode::kRefused, pid.error().message);
  pid_ = leader_ = *pid;
  return {};
}

std::unique_ptr<OutputPipe> StepTask::output_pipe(os::PollLoop& loop, os::UniqueFd fd,
                                                  bool is_error) {
  return std::make_unique<OutputPipe>(loop, std::move(fd), [this, is_error](std::string_view data) {
    handlers_.output(rank_, is_error, data);
    if (data.empty()) check_over();
  });
}

void StepTask::refuse(std::string failure) {
  failure_ = std::move(failure);
  end_.exit_code = kNotStarted;
  over_ = true;
  handlers_.over(*this);
}

void StepTask::check_over() {
  const auto flows = [](const auto& stream) { return stream && !stream->closed(); };
  if (over_ || pid_ != 0 || flows(output_) || flows(error_)) return;
  terminal_.reset();
  over_ = true;
  handlers_.over(*this);
}

void StepTask::hold_output(bool held) {
  if (output_) output_->hold(held);
  if (error_) error_->hold(held);
}

void StepTask::send_input(std::string_view data) {
  if (!input_) return;
  // A terminal is not closed, so its end is typed.
  input_->send(terminal_ && data.empty() ? kTypedEnd : data);
}

void StepTask::resize(const proto::WindowSize& size) const {
  if (terminal_) resize_pty(terminal_.get(), size);
}

void StepTask::when_input_taken(const std::function<void()>& taken) {
  if (input_) input_->when_taken(taken);
}

void StepTask::signal(int signal) const {
  if (pid_ != 0) ::kill(-pid_, signal);
}

}  // namespace usine::shepherd
