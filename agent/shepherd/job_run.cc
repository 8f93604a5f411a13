#include "agent/shepherd/job_run.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "agent/core/launch_mpirun.h"
#include "agent/core/launch_plan.h"
#include "agent/exec/spawn.h"
#include "agent/shepherd/scratch_folders.h"
#include "common/os/files.h"
#include "common/os/sockets.h"
#include "model/step_record.h"

namespace usine::shepherd {
namespace {

constexpr mode_t kScriptMode = 0700;
// The client of `usine run` outside a job, or of `usine alloc`, has this long to come after its job
// was started.
constexpr Millis kClientTime{60'000};
// Processes that do not die at once (a disk that does not answer) are killed again, ever more
// seldom.
constexpr Millis kFirstKillPause{20};
constexpr Millis kKillPauseMax{1000};
// Meeting ports lie below those that the system gives to outgoing connections.
constexpr std::uint16_t kMeetingPortMin = 20'000;
constexpr std::uint64_t kMeetingPorts = 12'000;
constexpr std::uint64_t kMeetingPortStride = 61;  // neighbouring jobs begin their search apart

}  // namespace

void JobRun::start(std::vector<std::string> peers) {
  if (phase_ != Phase::kReady) return;
  phase_ = Phase::kRunning;
  peers_ = std::move(peers);
  since_ = std::chrono::steady_clock::now();
  if (!is_head()) return;
  if (spec_.interactive) {
    wait_for_client();
  } else {
    start_batch();
  }
}

void JobRun::start_batch() {
  const auto refuse = [this](EndCause cause, std::string message) {
    finish({.cause = cause, .message = std::move(message) + " on " + spec_.launch.node().name});
  };
  if (const Status valid = agent::check_script(spec_.script); !valid) {
    return finish({.cause = EndCause::kLaunchRefused, .message = valid.error().message});
  }
  const auto script_path = write_script();
  if (!script_path) return refuse(EndCause::kNodeFault, script_path.error().message);
  const Status hosts = write_hosts();
  if (!hosts) return refuse(EndCause::kNodeFault, hosts.error().message);
  const auto meeting = meeting_point(0);
  if (!meeting) return refuse(EndCause::kNodeFault, meeting.error().message);

  const auto plan = agent::plan_batch(spec_.launch, {spec_.script, *script_path}, *meeting);
  const auto pid = exec::spawn(plan, {}, children_.entry());
  if (!pid) {
    const auto cause = pid.error().node_fault ? EndCause::kNodeFault : EndCause::kLaunchRefused;
    return refuse(cause, pid.error().message);
  }
  batch_ = *pid;
  batch_files_ = exec::output_files_of(plan);
  batch_account_.begin(StepRecord::kBatch, spec_.launch.name, 1, 1);
  children_.expect(*pid, [this](const ChildEnd& end) { batch_ended(end); });
}

void JobRun::batch_ended(const ChildEnd& end) {
  batch_ = 0;
  proto::TaskEnded use;
  use.set_signal(end.signal);
  use.set_peak_memory_mib(end.peak_memory_mib);
  use.set_cpu_ms(end.cpu_ms);
  batch_account_.add(use);
  batch_entry_ = batch_account_.close(end.exit_code);
  ExitStatus exit;
  exit.exit_code = end.exit_code;
  exit.signal = end.signal;
  if (!exit_) return finish(std::move(exit));
  // It was told to stop: how it took that is worth keeping, the cause stays.
  exit_->exit_code = exit.exit_code;
  exit_->signal = exit.signal;
}

Result<std::string> JobRun::write_script() const {
  const std::string path = spec_.launch.folder + "/script";
  if (const Status written = os::write_file(path, spec_.script, kScriptMode); !written) {
    return fail(written.error());
  }
  if (const Status given = give_to_user(path, spec_.launch); !given) return fail(given.error());
  return path;
}

// For a user's own mpirun in the script.
Status JobRun::write_hosts() const {
  const std::string path = spec_.launch.folder + '/' + std::string(agent::kMpirunHostsFile);
  const Status written = os::write_file(path, agent::mpirun_hosts(spec_.launch));
  return written ? give_to_user(path, spec_.launch) : written;
}

Result<agent::MeetingPoint> JobRun::meeting_point(std::uint32_t salt) const {
  const auto head = os::parse_endpoint(peers_.empty() ? spec_.listen_host + ":0" : peers_.front());
  if (!head) return fail(head.error());
  const std::uint64_t start = spec_.launch.key.job.value * kMeetingPortStride + salt;
  const auto first = static_cast<std::uint16_t>(kMeetingPortMin + start % kMeetingPorts);
  const auto port = os::find_free_port(head->host, first);
  if (!port) return fail(port.error());
  return agent::MeetingPoint{head->host, *port};
}

void JobRun::wait_for_client() {
  loop_.after(kClientTime, [this] {
    if (running() && !held_ && !children_.any()) {
      finish({.signal = SIGHUP, .message = "no client has come for the job within a minute"});
    }
  });
}

void JobRun::stop(Millis grace) {
  // Said again, with less patience perhaps.
  if (phase_ == Phase::kEnding) loop_.after(grace, [this] { kill_until_gone(kFirstKillPause); });
  if (phase_ >= Phase::kEnding) return;
  phase_ = Phase::kEnding;
  exit_.emplace().cause = EndCause::kStopped;
  end_if_gone();
  if (phase_ == Phase::kEnded) return;
  children_.signal_all(SIGTERM);
  children_.resume_all();  // a stopped process takes TERM only once it goes on
  loop_.after(grace, [this] { kill_until_gone(kFirstKillPause); });
}

void JobRun::signal_batch(int signal) const {
  if (running() && batch_ != 0) ::kill(batch_, signal);
}

void JobRun::signal_script(int signal) const {
  if (running() && batch_ != 0) children_.signal(Family{.tasks = {batch_}, .mark = {}}, signal);
}

void JobRun::suspend(bool suspended) {
  if (!running()) return;
  if (suspended) {
    children_.suspend_all();
  } else {
    children_.resume_all();
  }
}

void JobRun::finish(ExitStatus exit) {
  if (phase_ >= Phase::kEnding) return;
  phase_ = Phase::kEnding;
  exit_ = std::move(exit);
  kill_until_gone(kFirstKillPause);
}

void JobRun::kill_until_gone(Millis next) {
  end_if_gone();
  if (phase_ == Phase::kEnded) return;
  children_.kill_all();
  loop_.after(next, [this, next] { kill_until_gone(std::min(next * 2, kKillPauseMax)); });
}

void JobRun::children_gone() {
  if (phase_ == Phase::kEnding) end_if_gone();
}

void JobRun::end_if_gone() {
  if (phase_ == Phase::kEnded || batch_ != 0 || children_.any()) return;
  phase_ = Phase::kEnded;
  name_memory_shortage();
  name_full_disk();
  const auto elapsed = std::chrono::steady_clock::now() - since_;
  proto::EndRecord& record = record_.emplace();
  record.set_job(spec_.launch.key.job.value);
  record.set_attempt(spec_.launch.key.attempt.value);
  record.set_cause(static_cast<std::uint32_t>(exit_->cause));
  record.set_exit_code(exit_->exit_code);
  record.set_signal(exit_->signal);
  record.set_message(exit_->message);
  record.set_elapsed_ms(std::chrono::duration_cast<Millis>(elapsed).count());
  record.set_peak_memory_mib(children_.peak_memory_mib());
  record.set_cpu_ms(children_.cpu_ms());
}

// What the kernel kills for memory ends by a signal, or breaks what waited for it: the job's own
// end says nothing of why. A job that copes with it has ended well.
void JobRun::name_memory_shortage() {
  if (exit_->cause != EndCause::kExited || exit_->succeeded()) return;
  const auto usage = children_.usage();
  if (usage && usage->killed_for_memory > 0) {
    memory_shortage_ = out_of_memory_on(spec_.launch.node(), *usage);
  }
  if (memory_shortage_.empty()) return;
  exit_->cause = EndCause::kOutOfMemory;
  exit_->message = memory_shortage_;
}

// Said also of a job that has ended well: few programs look whether what they print is written.
void JobRun::name_full_disk() {
  if (exit_->message.empty()) exit_->message = exec::without_room(batch_files_);
}

}  // namespace usine::shepherd
