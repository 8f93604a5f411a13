// The client's end of a step: hands the command to the job's head shepherd, then carries input,
// output, signals and the exit status between this process and the step's tasks. Owned by the main
// thread, which it blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "cli/raw_terminal.h"
#include "common/os/frame_socket.h"
#include "common/os/unique_fd.h"
#include "common/result.h"
#include "proto/shepherd.pb.h"

namespace usine::cli {

// The head shepherd by what USINE_SHEPHERD names (its socket on this node, or a file that says
// where it is: job_pass.h), or by address with the job's key from elsewhere.
[[nodiscard]] Result<os::FrameSocket> connect_to_shepherd(const std::string& path);
[[nodiscard]] Result<os::FrameSocket> connect_to_shepherd(const std::string& address,
                                                          const std::string& job_key);

// Signals that are passed on to the step, and for one with a terminal those that tell of ours.
// Blocked before any thread starts, so that they can be read from the descriptor.
[[nodiscard]] Result<os::UniqueFd> take_signals(bool with_terminal = false);
// Takes one signal that has come, if any; whether it asks us to end.
[[nodiscard]] bool interrupt_waits(int signals);

class StepClient {
 public:
  // `signals` is take_signals()'s descriptor. `end_all` is tried when we are asked to end: true
  // where it sees to it that the step ends too, else the signal is passed on to the step.
  StepClient(os::FrameSocket shepherd, int signals, bool label, std::function<bool()> end_all = {})
      : shepherd_(std::move(shepherd)),
        signals_(signals),
        label_(label),
        end_all_(std::move(end_all)) {}

  // The step's rank 0 has a terminal, for which this one stands while the step runs.
  void lend(RawTerminal& terminal) { terminal_ = &terminal; }

  // Runs the step to its end; gives its exit status. Errors: kRefused as the shepherd says, kIo
  // where the shepherd is gone before the step has ended.
  [[nodiscard]] Result<int> run(const proto::RunStep& step);

 private:
  [[nodiscard]] Status wait_for_something();
  [[nodiscard]] Status read_shepherd();
  void take(const proto::ShepherdMessage& message);
  void tell(const std::string& notice) const;
  void write_out(bool is_error, std::string_view bytes);
  void write_output(const proto::TaskOutput& output);
  void write_labelled(const proto::TaskOutput& output);
  [[nodiscard]] Status send(const proto::ShepherdMessage& message);
  [[nodiscard]] Status send_input();
  [[nodiscard]] Status pass_signal_on();
  [[nodiscard]] Status follow_terminal(int signal);

  os::FrameSocket shepherd_;
  int signals_;
  bool label_;
  std::function<bool()> end_all_;
  RawTerminal* terminal_ = nullptr;  // where one is lent
  int ended_by_ = 0;                 // the signal after which end_all_ has done its part
  int write_error_ = 0;              // errno of the first output that could not be written
  std::uint32_t step_ = 0;
  bool started_ = false;  // input flows from then on
  bool input_open_ = true;
  bool shepherd_open_ = true;
  int interrupts_ = 0;
  std::optional<Result<int>> end_;
  // The unfinished last line of each rank's two streams, for labels.
  std::map<std::pair<std::uint32_t, bool>, std::string> unfinished_;
};

}  // namespace usine::cli
