#include "agent/daemon/script_runs.h"

#include <array>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "agent/daemon/script_environment.h"
#include "agent/daemon/shepherd_process.h"
#include "common/os/os_error.h"
#include "common/os/processes.h"
#include "common/time.h"

namespace usine::agent {
namespace {

// Of a run's output; more is read and dropped, so that the script does not stand still.
constexpr std::size_t kLinesLoggedMax = 100;
constexpr std::size_t kLineBytesMax = 300;
// What is killed and not gone by then never goes: the node is told to be at fault without it.
constexpr Millis kKillPatience{10'000};

// No quote or control character of a script's makes two lines of one.
std::string plain(std::string text) {
  for (char& c : text) {
    if (c == '"') c = '\'';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

const ScriptFile& ScriptRuns::file(SiteScript which) const {
  return which == SiteScript::kProlog ? options_.prolog : options_.epilog;
}

void ScriptRuns::end_cut_off() const {
  for (const AttemptKey key : folders_.list()) {
    for (const SiteScript which : {SiteScript::kProlog, SiteScript::kEpilog}) {
      const auto run = folders_.script_run(key, which);
      if (!run || run->phase != ScriptPhase::kBegun) continue;
      if (!end_marked(script_mark(which, folders_.path(key)))) {
        spdlog::error("event={}_stays job={} attempt={}", to_string(which), key.job.value,
                      key.attempt.value);
      }
    }
  }
}

void ScriptRuns::run(AttemptKey key, SiteScript which) {
  const RunKey run_key{key, which};
  const std::string folder = folders_.path(key);
  const auto earlier = folders_.script_run(key, which);
  const bool cut_off = earlier && earlier->phase == ScriptPhase::kBegun;
  if (cut_off && !end_marked(script_mark(which, folder))) {
    return report(run_key, "an earlier run of it cannot be killed");
  }
  if (file(which).path.empty()) return report(run_key, {});
  auto started = start(run_key);
  if (!started) return report(run_key, "cannot be run: " + started.error().message);
  spdlog::info("event={}_started job={} attempt={} pid={}", to_string(which), key.job.value,
               key.attempt.value, started->pid);
  Run& run = runs_[run_key] = *std::move(started);
  run.timer = loop_.after(file(which).limit, [this, run_key] { on_limit(run_key); });
  loop_.watch(run.output.get(), EPOLLIN, [this, run_key](std::uint32_t) { read_output(run_key); });
}

Result<ScriptRuns::Run> ScriptRuns::start(RunKey key) {
  const auto& [attempt, which] = key;
  const auto spec = folders_.spec(attempt);
  if (!spec) return fail(ErrorCode::kIo, "the job's folder cannot be read");
  if (auto noted = folders_.note_script_run(attempt, which, {ScriptPhase::kBegun, {}}); !noted) {
    return fail(noted.error());
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(os::os_error("making a pipe"));
  Run run;
  run.output = os::UniqueFd(ends[0]);
  const os::UniqueFd writing(ends[1]);
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return fail(os::os_error("fcntl of a pipe"));
  const std::string& path = file(which).path;
  const auto pid =
      os::spawn_detached({.path = path,
                          .argv = {path},
                          .environment = script_environment(which, *spec, folders_.path(attempt)),
                          .log_path = {},
                          .output_fd = writing.get()});
  if (!pid) return fail(pid.error());
  run.pid = *pid;
  return run;
}

// ---- output -----------------------------------------------------------------------------------

void ScriptRuns::read_output(RunKey key) {
  Run& run = runs_.at(key);
  std::array<char, 4096> bytes{};
  ssize_t count = 0;
  while ((count = ::read(run.output.get(), bytes.data(), bytes.size())) > 0) {
    take_output(key, run, {bytes.data(), static_cast<std::size_t>(count)});
  }
  if (count != 0) return;
  // Everything that could write has closed it; the script itself may go on.
  loop_.forget(run.output.get());
  run.output.reset();
}

void ScriptRuns::take_output(RunKey key, Run& run, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      end_line(key, run);
    } else if (run.line.size() < kLineBytesMax) {
      run.line += c;
    }
  }
}

void ScriptRuns::end_line(RunKey key, Run& run) {
  const std::string line = plain(std::exchange(run.line, {}));
  if (line.empty()) return;
  run.last_line = line;
  if (++run.lines > kLinesLoggedMax) return;
  spdlog::info("event={}_output job={} attempt={} line=\"{}\"", to_string(key.second),
               key.first.job.value, key.first.attempt.value, line);
}

// ---- the end ----------------------------------------------------------------------------------

void ScriptRuns::on_limit(RunKey key) {
  Run& run = runs_.at(key);
  run.timer = 0;
  if (std::exchange(run.too_late, true)) return finish(key, "cannot be killed");
  ::kill(-run.pid, SIGKILL);
  run.timer = loop_.after(kKillPatience, [this, key] { on_limit(key); });
}

void ScriptRuns::reaped(pid_t pid, int status) {
  for (auto& [key, run] : runs_) {
    if (run.pid != pid) continue;
    const auto [attempt, which] = key;
    std::string failure;
    if (run.too_late) {
      failure =
          "did not end within " + format_duration(std::chrono::ceil<Seconds>(file(which).limit));
      // Also what has left its session.
      end_marked(script_mark(which, folders_.path(attempt)));
    } else if (status != 0) {
      failure = how_it_ended(status);
    }
    // What it has left in the background ends with it, unless it went into a session of its own: a
    // site's script may start a service.
    ::kill(-pid, SIGKILL);
    return finish(key, std::move(failure));
  }
}

void ScriptRuns::finish(RunKey key, std::string failure) {
  if (Run& run = runs_.at(key); run.output) {
    read_output(key);
    if (run.output) loop_.forget(run.output.get());
  }
  Run run = std::move(runs_.at(key));
  runs_.erase(key);
  loop_.cancel(run.timer);
  end_line(key, run);
  if (!failure.empty() && !run.last_line.empty()) failure += ": " + run.last_line;
  report(key, std::move(failure));
}

void ScriptRuns::report(RunKey key, std::string failure) {
  const auto& [attempt, which] = key;
  if (!failure.empty()) failure = std::string(to_string(which)) + ' ' + failure;
  const ScriptPhase phase = failure.empty() ? ScriptPhase::kPassed : ScriptPhase::kFailed;
  // Where it cannot be kept, the next agent runs the script once more.
  static_cast<void>(folders_.note_script_run(attempt, which, {phase, failure}));
  spdlog::log(failure.empty() ? spdlog::level::info : spdlog::level::err,
              "event={}_ended job={} attempt={} failure=\"{}\"", to_string(which),
              attempt.job.value, attempt.attempt.value, failure);
  report_({attempt, which, std::move(failure)});
}

}  // namespace usine::agent
