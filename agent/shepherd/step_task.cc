#include "agent/shepherd/step_task.h"

#include <csignal>
#include <utility>

#include "agent/exec/spawn.h"

namespace usine::shepherd {
namespace {

// What shells give for a command that could not be run.
constexpr int kNotStarted = 127;

}  // namespace

void StepTask::start(agent::ProcessPlan plan, const Beginning& beginning, os::PollLoop& loop,
                     Children& children) {
  plan.input = "/dev/null";
  const contain::Entry entry = children.entry(beginning.step);
  if (const Status started = open_and_spawn(plan, beginning.takes_input, loop, entry); !started) {
    output_.reset();
    error_.reset();
    input_.reset();
    return refuse(started.error().message);
  }
  children.expect(pid_, [this](const ChildEnd& end) {
    pid_ = 0;
    end_ = end;
    input_.reset();
    output_->expect_no_more();
    error_->expect_no_more();
    check_over();
  });
}

Status StepTask::open_and_spawn(const agent::ProcessPlan& plan, bool takes_input,
                                os::PollLoop& loop, const contain::Entry& entry) {
  auto output = make_pipe();
  if (!output) return fail(output.error());
  auto error = make_pipe();
  if (!error) return fail(error.error());
  Pipe input;
  if (takes_input) {
    auto made = make_pipe();
    if (!made) return fail(made.error());
    input = std::move(*made);
  }
  const auto pid = exec::spawn(plan,
                               {.input = input.read_end.get(),
                                .output = output->write_end.get(),
                                .error = error->write_end.get()},
                               entry);
  if (!pid) return fail(ErrorCode::kRefused, pid.error().message);
  pid_ = leader_ = *pid;
  output_ = output_pipe(loop, std::move(output->read_end), false);
  error_ = output_pipe(loop, std::move(error->read_end), true);
  if (takes_input) input_ = std::make_unique<InputPipe>(loop, std::move(input.write_end));
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
  if (over_ || pid_ != 0 || !output_->closed() || !error_->closed()) return;
  over_ = true;
  handlers_.over(*this);
}

void StepTask::hold_output(bool held) {
  if (output_) output_->hold(held);
  if (error_) error_->hold(held);
}

void StepTask::send_input(std::string_view data) {
  if (input_) input_->send(data);
}

void StepTask::when_input_taken(const std::function<void()>& taken) {
  if (input_) input_->when_taken(taken);
}

void StepTask::signal(int signal) const {
  if (pid_ != 0) ::kill(-pid_, signal);
}

}  // namespace usine::shepherd
