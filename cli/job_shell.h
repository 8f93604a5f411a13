// The shell, or command, for which a job is held: it runs on this machine with the job's
// environment, and this process stands between it and the job's head shepherd. When it ends the job
// is let go, and when the job ends first it is hung up on. Owned by the main thread, which it
// blocks.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "common/os/frame_socket.h"
#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::cli {

class JobShell {
 public:
  // `shepherd` holds the job; `signals` is take_signals()'s descriptor. `job_ends` is called once
  // if the job ends before the shell, to tell the user.
  JobShell(os::FrameSocket shepherd, int signals, std::function<void()> job_ends)
      : shepherd_(std::move(shepherd)), signals_(signals), job_ends_(std::move(job_ends)) {}

  // What the job's shell sees of it, "NAME=value" each, once the job's head is ready for steps.
  // Errors: kRefused as the head says, kUnavailable where it does not answer, kConflict where a
  // signal asked to end meanwhile.
  [[nodiscard]] Result<std::vector<std::string>> hold();

  // Runs the command, argv[0] looked for in PATH, to its end; gives its exit status, or 128 and the
  // signal. Error: kNotFound or kIo where it cannot be run.
  [[nodiscard]] Result<int> run(const std::vector<std::string>& argv,
                                const std::vector<std::string>& environment);

  // The job went first.
  [[nodiscard]] bool was_left() const { return left_; }

 private:
  [[nodiscard]] Status start(const std::vector<std::string>& argv,
                             const std::vector<std::string>& environment);
  [[nodiscard]] Status wait_for_something();
  void read_shepherd();
  void take_signal();
  void take_end();
  void let_go();

  os::FrameSocket shepherd_;
  int signals_;
  std::function<void()> job_ends_;
  pid_t pid_ = 0;
  os::UniqueFd shell_;  // of the process
  bool ended_ = false;
  bool left_ = false;
  int exit_code_ = 0;
  int signal_ = 0;
};

}  // namespace usine::cli
