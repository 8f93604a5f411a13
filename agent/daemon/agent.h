// The agent as a program: one loop thread that owns the core and the shepherds, waits for the
// scheduler, shepherds, signals and time, and carries out what the core answers. It ends at once on
// SIGTERM or SIGINT and leaves the shepherds, with their jobs, running.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/agent_core.h"
#include "agent/daemon/gpu_use.h"
#include "agent/daemon/mailbox.h"
#include "agent/daemon/membership.h"
#include "agent/daemon/options.h"
#include "agent/daemon/scheduler_link.h"
#include "agent/daemon/script_runs.h"
#include "agent/daemon/shepherds.h"
#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::agent {

class Agent {
 public:
  struct Start {
    AgentOptions options;
    Identity identity;
    Containment containment;
    identity::AgentProof proof;
    JobFolders folders;
    os::PollLoop loop;
    os::UniqueFd signals;  // signalfd of block_signals()
  };

  explicit Agent(Start start);

  // Until a signal ends it. Error: kIo, where the system fails the loop.
  [[nodiscard]] Status run();

 private:
  void take_report(Input input);
  [[nodiscard]] std::vector<std::string> gpus_of(AttemptKey key) const;
  void on_link();
  void on_signal();
  void reap();
  void drain_inputs();
  void on_tick();
  void set_tick();
  [[nodiscard]] FromAgent with_steps(const FromAgent& message) const;
  void perform_all(const std::vector<Output>& outputs);

  void perform(const Send& output);
  void perform(const SpawnShepherd& output);
  void perform(const RunScript& output);
  void perform(const StartShepherd& output);
  void perform(const StopShepherd& output);
  void perform(const SignalShepherd& output);
  void perform(const SuspendShepherd& output);
  void perform(const RemoveAttempt& output);
  void perform(const RememberCluster& output);
  void perform(const LeaveScheduler& output);

  AgentOptions options_;
  const std::vector<std::string> gpu_bus_ids_;  // whose use is looked at; none on an emulated node
  os::UniqueFd signals_;
  os::PollLoop loop_;
  std::deque<Input> inputs_;  // of this round of the loop, not yet given to the core
  JobFolders folders_;
  Shepherds shepherds_;
  ScriptRuns scripts_;
  GpuUse gpu_use_;
  AgentCore core_;
  std::optional<Time> tick_at_;  // when the core's tick is set for
  os::PollLoop::TimerId tick_ = 0;
  std::uint64_t stream_ = 0;  // that is up; 0 for none
  bool out_of_reach_logged_ = false;
  bool stopping_ = false;
  Mailbox<LinkEvent> mailbox_;
  SchedulerLink link_;  // last: its thread uses the mailbox
};

// Blocks the signals that the agent waits for, in this thread and those it starts; the descriptor
// tells of them.
[[nodiscard]] os::UniqueFd block_signals();

}  // namespace usine::agent
