// The job's processes on this node: all that descend from the shepherd, also those that tried to
// get away by forking twice, since the shepherd is a subreaper. Reaps them and tells who waits for
// one. Owned by the shepherd, on its poll thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <unordered_map>

#include "agent/contain/job_group.h"
#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::shepherd {

// How a process ended: one of the two is not zero where it failed.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;
  std::int64_t peak_memory_mib = 0;  // of the largest process it was or waited for
  std::int64_t cpu_ms = 0;           // user and system time of it and of all that it waited for
};

// The processes of one step: its group's, or, where no group holds processes, the trees of its
// tasks and what those have left behind, which shows by the session of a task or by what the tasks'
// environments have and no other step's.
struct Family {
  std::uint32_t step = 0;
  std::set<pid_t> tasks;  // each leads a session; also those that have ended
  std::string mark;       // "NAME=value"; empty: what was left behind does not belong
};

class Children {
 public:
  using OnEnd = std::function<void(const ChildEnd&)>;

  // Makes this process the subreaper and blocks SIGCHLD in it: before the first thread and child.
  [[nodiscard]] static Result<Children> open();

  // `none_left` is called whenever the last process has been reaped. `group` holds what it can.
  void attach(os::PollLoop& loop, contain::JobGroup& group, std::function<void()> none_left);
  // How a process of the job, or of one of its steps, begins.
  [[nodiscard]] contain::Entry entry() { return group_->entry(); }
  [[nodiscard]] contain::Entry entry(std::uint32_t step) { return group_->entry(step); }
  // The step has ended and nothing of it is left.
  void forget(std::uint32_t step) { group_->remove_step(step); }
  // Called once when the process has ended; what is left of its process group is killed then.
  void expect(pid_t leader, OnEnd on_end) { waiting_[leader] = std::move(on_end); }

  // A child lives, or has ended and was not reaped yet.
  [[nodiscard]] bool any() const;
  // To every process of the job.
  void signal_all(int signal) const;
  // Freezes the job's group, or, where there is none, stops every process; and lets them go on,
  // also those that were stopped otherwise.
  void suspend_all() const;
  void resume_all() const;
  // Kills the job's group; where there is none, or a process is left although it was killed, stops
  // every process, so that none can fork away, then kills them.
  void kill_all();
  // The same to the processes of a step. Without a group, a process that has hidden both session
  // and environment is out of reach, and ends with the job.
  void signal(const Family& family, int signal) const;
  void kill(const Family& family) const;
  // Of all together where a group counts it, else of the largest process.
  [[nodiscard]] std::int64_t peak_memory_mib() const;
  [[nodiscard]] std::optional<contain::Usage> usage() const { return group_->usage(); }
  // Of all processes that have ended: each is reaped by its parent or by this process.
  [[nodiscard]] std::int64_t cpu_ms() const { return cpu_us_ / 1000; }

 private:
  explicit Children(os::UniqueFd signals) : signals_(std::move(signals)) {}
  void reap();
  void finish(pid_t pid);

  os::UniqueFd signals_;
  std::unordered_map<pid_t, OnEnd> waiting_;
  std::function<void()> none_left_;
  contain::JobGroup* group_ = nullptr;  // set by attach()
  bool group_killed_ = false;
  std::int64_t peak_memory_mib_ = 0;
  std::int64_t cpu_us_ = 0;
};

}  // namespace usine::shepherd
