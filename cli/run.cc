// `usine run`: inside a job a step on its nodes; outside, nodes are asked for and waited for first.
#include <algorithm>
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

// Options that shape a step; the rest is for jobs.
Status check_step_options(const std::vector<OptionUse>& uses) {
  constexpr std::string_view kOfSteps[] = {"nodes",    "ntasks", "ntasks-per-node", "cpus-per-task",
                                           "chdir",    "export", "label",           "mpi",
                                           "job-name", "pty"};
  for (const OptionUse& use : uses) {
    const std::string_view name = use.spec->canonical();
    if (std::ranges::find(kOfSteps, name) != std::end(kOfSteps)) continue;
    return fail(ErrorCode::kRefused, use.named() +
                                         " is for jobs: inside a job a step takes --nodes, "
                                         "--ntasks, --ntasks-per-node, --cpus-per-task, "
                                         "--chdir, --export, --label, --mpi and --pty");
  }
  return {};
}

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

bool was_given(const std::vector<OptionUse>& uses, std::string_view name) {
  return std::ranges::any_of(
      uses, [name](const OptionUse& use) { return use.spec->canonical() == name; });
}

// What was asked for on this command line; the shepherd fills in the rest from the job.
proto::RunStep step_of(const RunSubmission& run, bool inside_job) {
  const JobRequest& request = run.submission.options.request;
  const Component& part = request.components.front();
  proto::RunStep step;
  for (const std::string& word : run.command) step.add_command(word);
  for (const std::string& entry : run.submission.environment) {
    step.mutable_environment()->append(entry);
    step.mutable_environment()->push_back('\0');
  }
  step.set_working_directory(request.launch.working_directory);
  step.set_label(run.submission.modes.label);
  step.set_pmi_none(run.submission.modes.mpi == "none");
  if (run.submission.modes.pty) *step.mutable_terminal() = RawTerminal::size();
  if (!inside_job) return step;
  if (was_given(run.uses, "nodes")) step.set_nodes(part.nodes);
  if (was_given(run.uses, "ntasks")) step.set_tasks(part.tasks);
  if (was_given(run.uses, "ntasks-per-node")) step.set_tasks_per_node(part.tasks_per_node);
  if (was_given(run.uses, "cpus-per-task")) step.set_cores_per_task(part.cores_per_task);
  return step;
}

CommandResult run_step(const RunSubmission& run, const std::string& socket_path) {
  if (Status known = check_step_options(run.uses); !known) return fail(known.error());
  const auto signals = take_signals(run.submission.modes.pty);
  if (!signals) return fail(signals.error());
  auto shepherd = connect_to_shepherd(socket_path);
  if (!shepherd) return fail(shepherd.error());
  StepClient client(*std::move(shepherd), signals->get(), run.submission.modes.label);
  RawTerminal terminal;
  if (run.submission.modes.pty) client.lend(terminal);
  return client.run(step_of(run, true));
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
  const auto status = step.run(step_of(run, false));
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
  const auto run = read_run(words);
  if (!run) return fail(run.error());
  if (Status known = check_mpi(run->submission.modes.mpi); !known) return fail(known.error());
  if (Status known = check_terminal(run->submission.modes); !known) return fail(known.error());
  const char* const socket_path = std::getenv("USINE_SHEPHERD");
  if (socket_path != nullptr && *socket_path != '\0') return run_step(*run, socket_path);
  return run_job(*run);
}

}  // namespace usine::cli
