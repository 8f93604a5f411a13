// `usine run`: inside a job a step on its nodes; outside, nodes are asked for and waited for first.
#include <csignal>
#include <cstdlib>
#include <string>

#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/request_help.h"
#include "cli/step_client.h"
#include "cli/submission.h"
#include "cli/terminal.h"

namespace usine::cli {
namespace {

Status check_mpi(const std::string& mpi) {
  if (mpi.empty() || mpi == "none" || mpi.starts_with("pmix")) return {};
  return fail(ErrorCode::kInvalid, "--mpi: '" + mpi + "' is not known: say pmix or none");
}

Status check_terminal(const SubmissionModes& modes) {
  if (!modes.pty || !modes.label) return {};
  return fail(
      ErrorCode::kInvalid,
      "--label and --pty contradict each other: what a terminal shows has no lines to label");
}

// What was asked for on this command line; the shepherd fills in the rest from the job.
proto::RunStep step_of(const RunSubmission& run) {
  proto::RunStep step = run.step;
  for (const std::string& entry : run.submission.environment) {
    step.mutable_environment()->append(entry);
    step.mutable_environment()->push_back('\0');
  }
  step.set_working_directory(run.submission.options.request.launch.working_directory);
  step.set_label(run.submission.modes.label);
  step.set_pmi_none(run.submission.modes.mpi == "none");
  if (run.submission.modes.pty) *step.mutable_terminal() = RawTerminal::size();
  return step;
}

CommandResult run_step(const RunSubmission& run, const std::string& socket_path) {
  for (const std::string& warning : run.submission.options.warnings) warn(warning);
  const auto signals = take_signals(run.submission.modes.pty);
  if (!signals) return fail(signals.error());
  auto shepherd = connect_to_shepherd(socket_path);
  if (!shepherd) return fail(shepherd.error());
  StepClient client(*std::move(shepherd), signals->get(), run.submission.modes.label);
  RawTerminal terminal;
  if (run.submission.modes.pty) client.lend(terminal);
  return client.run(step_of(run));
}

// Whether the job is being cancelled now.
[[nodiscard]] bool cancel(Client& client, std::uint64_t job) {
  proto::ActOnJobsRequest request;
  request.set_action(proto::JOB_ACTION_CANCEL);
  request.add_jobs(job);
  const auto reply = client.act_on_jobs(request);
  if (!reply) warn(reply.error().message);
  return reply && reply->refusals().empty();
}

// The step is the job: its status is the job's, which ends with it.
CommandResult run_in_job(Client& client, const RunSubmission& run, std::uint64_t job, int signals) {
  const auto interrupted = [signals] { return interrupt_waits(signals); };
  const auto placed = wait_while(client, job, {"pending", "preparing"}, interrupted);
  if (!placed && placed.error().code == ErrorCode::kConflict) {
    static_cast<void>(cancel(client, job));
    return 128 + SIGINT;
  }
  if (!placed) return fail(placed.error());
  if (placed->head_address().empty()) {
    return fail(ErrorCode::kRefused, "job " + std::to_string(job) + " ended as " +
                                         placed->summary().state() +
                                         " before the command ran: " + placed->summary().message());
  }
  auto shepherd = connect_to_shepherd(placed->head_address(), placed->job_key());
  if (!shepherd) {
    static_cast<void>(cancel(client, job));
    return fail(shepherd.error());
  }
  // Else the job would count as failed by what was done to its only step.
  StepClient step(*std::move(shepherd), signals, run.submission.modes.label,
                  [&client, job] { return cancel(client, job); });
  RawTerminal terminal;
  if (run.submission.modes.pty) step.lend(terminal);
  const auto status = step.run(step_of(run));
  if (!status) static_cast<void>(cancel(client, job));
  return status;
}

CommandResult run_job(const RunSubmission& run) {
  for (const std::string& warning : run.submission.options.warnings) warn(warning);
  const auto signals = take_signals(run.submission.modes.pty);
  if (!signals) return fail(signals.error());
  auto client = connect(run.submission.modes.target);
  if (!client) return fail(client.error());
  const auto reply = client->submit(to_message(run.submission));
  if (!reply) return fail(reply.error());
  return run_in_job(*client, run, reply->job(), signals->get());
}

}  // namespace

CommandResult run_run(const Words& words) {
  if (const auto form = asked_help(words)) {
    print(run_help(*form));
    return kExitDone;
  }
  const char* const socket_path = std::getenv("USINE_SHEPHERD");
  const bool inside = socket_path != nullptr && *socket_path != '\0';
  const auto run = read_run(words, inside ? StepOrigin::kInsideJob : StepOrigin::kOutside);
  if (!run) return fail(run.error());
  if (Status known = check_mpi(run->submission.modes.mpi); !known) return fail(known.error());
  if (Status known = check_terminal(run->submission.modes); !known) return fail(known.error());
  return inside ? run_step(*run, socket_path) : run_job(*run);
}

}  // namespace usine::cli
