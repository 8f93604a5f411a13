// From the words of `usine submit`, `run` and `alloc` to what is sent to the scheduler: options
// from script, environment and command line, the script itself, and the shell's folder, limits and
// variables. Used by the main thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/step_options.h"
#include "cli/target.h"
#include "common/result.h"
#include "model/request_options.h"
#include "proto/users.pb.h"

namespace usine::cli {

// Options of the command itself.
struct SubmissionModes {
  TargetOptions target;
  bool json = false;
  bool dry_run = false;
  bool label = false;
  bool pty = false;  // rank 0 has a terminal
  std::string mpi;   // empty: as the job's tasks are always wired up
};

struct Submission {
  ResolvedOptions options;  // its request is complete but for what the scheduler adds
  std::string script;
  std::vector<std::string> environment;  // NAME=VALUE
  SubmissionModes modes;
};

// For `usine submit`: the words name a script, or --wrap holds a command. Prints nothing; warnings
// are in options. Errors: kNotFound for a script that is missing, kInvalid and kRefused as the
// options say.
[[nodiscard]] Result<Submission> read_submission(const Words& words);

// For `usine run`. Inside a job the submission directs the command itself, and no job is asked for.
struct RunSubmission {
  Submission submission;
  proto::RunStep step;  // without what the submission says
};
[[nodiscard]] Result<RunSubmission> read_run(const Words& words, StepOrigin origin);

// For `usine alloc`: a request without a script; no command means the user's shell.
struct AllocSubmission {
  Submission submission;
  std::vector<std::string> command;
};
[[nodiscard]] Result<AllocSubmission> read_alloc(const Words& words);

[[nodiscard]] proto::SubmitRequest to_message(const Submission& submission);

}  // namespace usine::cli
