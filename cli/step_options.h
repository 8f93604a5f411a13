// The options of `usine run` that shape one step: its counts inside a job, what its tasks are bound
// to, and what a task that ends badly does. Used by the main thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/option_words.h"
#include "proto/shepherd.pb.h"

namespace usine::cli {

// Where a step is started: its job is there already, or is asked for by the same options.
enum class StepOrigin : std::uint8_t { kInsideJob, kOutside };

// Of the command line's uses those that `usine run` must not take for options of a job: inside one,
// the counts say what the step takes of it.
[[nodiscard]] std::vector<OptionUse> without_step_options(std::span<const OptionUse> uses,
                                                          StepOrigin origin);

// What the uses say of the step; its command is the caller's. Inside a job the variables that
// Slurm's srun takes for options (SLURM_CPU_BIND, SLURM_DISTRIBUTION, ...) stand in for what is not
// said, and a step that was started by a task of another shares what that has. Errors: kInvalid,
// kRefused for options that are for jobs, with the option named.
[[nodiscard]] Result<proto::RunStep> read_step_options(std::span<const OptionUse> uses,
                                                       std::span<const std::string> environment,
                                                       StepOrigin origin);

// The command after the options, or with --multi-prog the file that it names, into the step.
// Errors: those of reading the file, and of its lines.
[[nodiscard]] Status read_step_command(const std::vector<std::string>& command,
                                       std::span<const OptionUse> uses, proto::RunStep& step);

}  // namespace usine::cli
