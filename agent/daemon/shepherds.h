// The shepherds of this node: starts them, finds those that an earlier agent started, passes them
// the core's commands and reports what becomes of them. Files in the job folders are the truth; a
// shepherd's socket carries commands and shows that it lives. Owned by the loop thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "agent/core/agent_core.h"
#include "agent/daemon/job_folders.h"
#include "agent/daemon/job_spec.h"
#include "common/os/frame_socket.h"
#include "common/os/poll_loop.h"

namespace usine::agent {

class Shepherds {
 public:
  struct Options {
    std::string program;
    NodeSettings node;
    bool epilog = false;  // the site has one, which ended attempts may still wait for
    // A shepherd that is not ready by then is given up. The scheduler stops waiting long before, so
    // this only ends what hangs.
    Millis ready_within{30'000};
  };
  // Called for what happened, never from within find().
  using Report = std::function<void(Input)>;

  Shepherds(Options options, JobFolders folders, os::PollLoop& loop, Report report);

  // The attempts in the folders, with their shepherds connected. Folders of attempts that never got
  // as far as a shepherd are removed, and with them control groups that no attempt has any more.
  [[nodiscard]] std::vector<FoundAttempt> find();

  // The attempt's folder, for spawn() and for the site's scripts. Error: kIo; the node is to blame.
  [[nodiscard]] Status make_folder(const Prepare& prepare) const;
  void spawn(AttemptKey key);
  void start(AttemptKey key, const std::vector<std::string>& peers);
  void stop(AttemptKey key, Millis grace);
  void signal(AttemptKey key, std::uint32_t number, const SignalRequest& what);
  void suspend(AttemptKey key, bool suspended);
  void remove(AttemptKey key);

  // A child of this process has exited, which may be a shepherd.
  void reaped(pid_t pid);

 private:
  struct Shepherd {
    pid_t pid = -1;  // while it is our child and runs
    std::optional<os::FrameSocket> socket;
    std::optional<Ended> record;  // of its end, from itself
    bool ready = false;
    bool ended = false;  // and reported
    // As it said when it was ready: a process that is still there is not taken for dead because it
    // cannot be talked to just now.
    pid_t process = -1;
    std::uint64_t start_ticks = 0;
    std::map<int, std::string> untold;  // the last command of each kind, while not connected
    // While not ready: gives it up, or looks at it again. Later: connects again.
    os::PollLoop::TimerId timer = 0;
    std::chrono::steady_clock::time_point give_up_at{};  // where an earlier agent started it
  };

  [[nodiscard]] std::optional<FoundAttempt> find_one(AttemptKey key);
  [[nodiscard]] Ended lose(AttemptKey key, std::string message) const;
  void end_processes(AttemptKey key) const;
  void end_leftover_groups() const;
  void end_group(const contain::Holders& holders, const std::string& name, int tries) const;
  [[nodiscard]] bool connect(AttemptKey key, Shepherd& shepherd);
  void adopt(AttemptKey key, Shepherd& shepherd, os::UniqueFd socket);
  void on_socket(AttemptKey key, std::uint32_t events);
  void on_message(AttemptKey key, Shepherd& shepherd, const proto::ShepherdMessage& message);
  void on_gone(AttemptKey key, Shepherd& shepherd);
  void tell(AttemptKey key, const proto::ShepherdMessage& message);
  void send(AttemptKey key, Shepherd& shepherd, const std::string& bytes);
  [[nodiscard]] static bool lives(const Shepherd& shepherd);
  static void remember(Shepherd& shepherd, const proto::ShepherdReady& ready);
  void look_for_ready(AttemptKey key);
  void connect_again(AttemptKey key);
  void give_up(AttemptKey key);
  void report_ready(AttemptKey key, Shepherd& shepherd, const proto::ShepherdReady& ready);
  void report_failed(AttemptKey key, Shepherd& shepherd);
  void close(Shepherd& shepherd);

  Options options_;
  JobFolders folders_;
  os::PollLoop& loop_;
  Report report_;
  std::map<AttemptKey, Shepherd> shepherds_;
};

}  // namespace usine::agent
