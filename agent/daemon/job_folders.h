// The folders in which the agent and its shepherds meet: STATE/jobs/JOB.ATTEMPT with the files
// `spec`, `prolog` and `epilog` (the agent's), `ready`, `shepherd.sock` and `ended` (the
// shepherd's). They are what the agent knows of its node after a restart. With a run folder,
// STATE/jobs is a link into it and what it holds goes with the machine's memory; jobs' temporary
// files then have a folder each in STATE/tmp. Used by the loop thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/site_script.h"
#include "common/ids.h"
#include "common/result.h"
#include "model/agent_messages.h"
#include "proto/shepherd.pb.h"

namespace usine::agent {

enum class ScriptPhase : std::uint8_t { kBegun = 0, kPassed = 1, kFailed = 2 };

// How far a script of the site got for an attempt.
struct ScriptRun {
  ScriptPhase phase = ScriptPhase::kBegun;
  std::string failure;  // of kFailed
};

class JobFolders {
 public:
  // Makes the folder of the folders, in `run_folder` where it is not empty. Errors: as os_error;
  // kConflict where STATE/jobs is a folder with jobs in it and was to be a link.
  static Result<JobFolders> open(const std::string& state_folder,
                                 const std::string& run_folder = {});

  [[nodiscard]] std::string path(AttemptKey key) const;
  [[nodiscard]] std::string socket(AttemptKey key) const { return path(key) + "/shepherd.sock"; }
  [[nodiscard]] std::string log(AttemptKey key) const { return path(key) + "/log"; }

  // A new folder with its specification, to which `temporary` is added. What an attempt that never
  // started has left is replaced.
  [[nodiscard]] Status create(AttemptKey key, proto::JobSpec spec) const;
  void remove(AttemptKey key) const;

  // As create() was given it; none where that does not read back.
  [[nodiscard]] std::optional<proto::JobSpec> spec(AttemptKey key) const;

  // The attempts that have a folder, in the order of their keys; other names are left alone.
  [[nodiscard]] std::vector<AttemptKey> list() const;

  // Of the head of a job that has ended: what its shepherd has noted of its steps. What does not
  // read back, and all behind it, is left out.
  [[nodiscard]] std::vector<StepRecord> steps(AttemptKey key) const;

  // None where it has not begun.
  [[nodiscard]] std::optional<ScriptRun> script_run(AttemptKey key, SiteScript which) const;
  [[nodiscard]] Status note_script_run(AttemptKey key, SiteScript which,
                                       const ScriptRun& run) const;

  // None where there is no such file yet; a file that does not read back counts as none.
  [[nodiscard]] std::optional<proto::ShepherdReady> ready(AttemptKey key) const;
  [[nodiscard]] std::optional<Ended> ended(AttemptKey key) const;

 private:
  JobFolders(std::string root, std::string temporaries)
      : root_(std::move(root)), temporaries_(std::move(temporaries)) {}
  void remove_strays() const;

  std::string root_;
  std::string temporaries_;  // the folder of those; empty: each is in its job folder
};

}  // namespace usine::agent
