// The life of the job on this node, from standing ready to its end record: starts the batch script
// on the head node, stops what runs, and knows the end once no process is left. Owned by the
// shepherd, on its poll thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/launch_environment.h"
#include "agent/exec/output_room.h"
#include "agent/shepherd/children.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/step_log.h"
#include "common/os/poll_loop.h"
#include "model/job_state.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

class JobRun {
 public:
  JobRun(const JobSpec& spec, os::PollLoop& loop, Children& children)
      : spec_(spec), loop_(loop), children_(children) {}

  // Every node stands ready; peers[i] is the address of node i's shepherd. A second time does
  // nothing.
  void start(std::vector<std::string> peers);
  // TERM to every process, KILL to those that are left after the grace.
  void stop(Millis grace);
  // To the batch shell alone, or to it and what it has started; steps are no part of either.
  void signal_batch(int signal) const;
  void signal_script(int signal) const;
  // All that the job runs on this node stands still, or goes on. Stopping it lets it go on.
  void suspend(bool suspended);
  // A client holds the job, so that no step's end is the job's.
  void let_client_hold() { held_ = true; }
  // The job is over for this reason; what is left of it is killed.
  void finish(ExitStatus exit);
  // A step has used up some node's memory: named at the end, if the job fails.
  void note_memory_shortage(const std::string& shortage) { memory_shortage_ = shortage; }
  // The last process has been reaped.
  void children_gone();

  [[nodiscard]] bool running() const { return phase_ == Phase::kRunning; }
  [[nodiscard]] bool held() const { return held_; }
  [[nodiscard]] bool ending() const { return phase_ >= Phase::kEnding; }
  [[nodiscard]] const std::optional<proto::EndRecord>& record() const { return record_; }
  // Once the record is there: what the batch script came to, where there was one.
  [[nodiscard]] const std::optional<proto::StepEntry>& batch_entry() const { return batch_entry_; }
  void note_steps_left_out(std::uint64_t count) { record_->set_steps_left_out(count); }
  [[nodiscard]] const std::vector<std::string>& peers() const { return peers_; }
  // Where programs of the step meet, on the job's head node; step 0 of a batch script is its own.
  [[nodiscard]] Result<agent::MeetingPoint> meeting_point(std::uint32_t salt) const;

 private:
  enum class Phase : std::uint8_t { kReady, kRunning, kEnding, kEnded };

  [[nodiscard]] bool is_head() const { return spec_.launch.this_node == 0; }
  void start_batch();
  [[nodiscard]] Result<std::string> write_script() const;
  [[nodiscard]] Status write_hosts() const;
  void wait_for_client();
  void kill_until_gone(Millis next);
  void end_if_gone();
  void batch_ended(const ChildEnd& end);
  void name_memory_shortage();
  void name_full_disk();

  const JobSpec& spec_;
  os::PollLoop& loop_;
  Children& children_;
  Phase phase_ = Phase::kReady;
  std::vector<std::string> peers_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  std::optional<ExitStatus> exit_;  // decided; set from kEnding on
  bool held_ = false;
  pid_t batch_ = 0;  // while it runs
  StepAccount batch_account_;
  std::optional<proto::StepEntry> batch_entry_;
  std::string memory_shortage_;    // of a step, on whichever node
  exec::OutputFiles batch_files_;  // once it was started
  std::optional<proto::EndRecord> record_;
};

}  // namespace usine::shepherd
