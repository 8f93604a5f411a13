// `usine alloc`: asks for nodes, waits for them, and runs a shell here whose `usine run` makes
// steps on them. The job lasts as long as the shell.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "cli/client.h"
#include "cli/job_pass.h"
#include "cli/job_shell.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/request_help.h"
#include "cli/step_client.h"
#include "cli/submission.h"
#include "cli/terminal.h"
#include "common/hostlist.h"

namespace usine::cli {
namespace {

void tell(std::uint64_t job, const std::string& what) {
  std::fprintf(stderr, "usine: job %llu %s\n", static_cast<unsigned long long>(job),
               one_line(what).c_str());
}

std::string nodes_of(const proto::JobDetail& detail) {
  std::vector<std::string> names;
  for (const auto& node : detail.placement()) names.push_back(node.name());
  return compress_hostlist(names) + " (" + std::to_string(names.size()) +
         (names.size() == 1 ? " node)" : " nodes)");
}

std::string end_of(const proto::JobSummary& job) {
  return "ended as " + job.state() + (job.message().empty() ? "" : ": " + job.message());
}

// The later entry of a name wins.
std::vector<std::string> overlaid(const std::vector<std::string>& base,
                                  const std::vector<std::string>& over) {
  std::map<std::string, std::string> values;
  for (const auto* const entries : {&base, &over}) {
    for (const std::string& entry : *entries) values[entry.substr(0, entry.find('='))] = entry;
  }
  std::vector<std::string> entries;
  for (const auto& [name, entry] : values) entries.push_back(entry);
  return entries;
}

std::string own_shell() {
  const char* const shell = std::getenv("SHELL");
  return shell != nullptr && *shell != '\0' ? shell : "/bin/sh";
}

void cancel(Client& client, std::uint64_t job) {
  proto::ActOnJobsRequest request;
  request.set_action(proto::JOB_ACTION_CANCEL);
  request.add_jobs(job);
  const auto reply = client.act_on_jobs(request);
  if (!reply) warn(reply.error().message);
}

// How the job has ended, once it has.
CommandResult ended(Client& client, std::uint64_t job) {
  const auto detail = wait_while(client, job, {"running", "stopping"});
  if (!detail) return fail(detail.error());
  tell(job, end_of(detail->summary()));
  return exit_status_of(detail->summary());
}

CommandResult run_shell(Client& client, const AllocSubmission& alloc, const proto::JobDetail& job,
                        int signals) {
  const std::uint64_t id = job.summary().id();
  const ShepherdAddress where{job.head_address(), job.job_key()};
  auto shepherd = connect_to_shepherd(where.address, where.job_key);
  if (!shepherd) return fail(shepherd.error());
  JobShell shell(*std::move(shepherd), signals,
                 [id] { tell(id, "is being ended: so is its shell"); });
  auto environment = shell.hold();
  if (!environment) return fail(environment.error());
  const auto pass = JobPass::make(where);
  if (!pass) return fail(pass.error());
  environment->push_back("USINE_SHEPHERD=" + pass->path());
  tell(id, "has " + nodes_of(job));
  const std::vector<std::string> argv =
      alloc.command.empty() ? std::vector<std::string>{own_shell()} : alloc.command;
  const auto status = shell.run(argv, overlaid(alloc.submission.environment, *environment));
  return status && shell.was_left() ? ended(client, id) : status;
}

CommandResult allocate(const AllocSubmission& alloc) {
  for (const std::string& warning : alloc.submission.options.warnings) warn(warning);
  const auto signals = take_signals();
  if (!signals) return fail(signals.error());
  auto client = connect(alloc.submission.modes.target);
  if (!client) return fail(client.error());
  const auto reply = client->submit(to_message(alloc.submission));
  if (!reply) return fail(reply.error());
  const std::uint64_t job = reply->job();
  tell(job, "is queued");
  const auto interrupted = [&signals] { return interrupt_waits(signals->get()); };
  const auto placed = wait_while(*client, job, {"pending", "preparing"}, interrupted);
  if (placed && placed->head_address().empty()) {
    return fail(ErrorCode::kRefused, "job " + std::to_string(job) + ' ' +
                                         end_of(placed->summary()) + " before it began");
  }
  CommandResult status = placed ? run_shell(*client, alloc, *placed, signals->get())
                                : CommandResult(fail(placed.error()));
  if (status) return status;
  cancel(*client, job);
  if (status.error().code == ErrorCode::kConflict) return 128 + SIGINT;
  return status;
}

}  // namespace

CommandResult run_alloc(const Words& words) {
  if (const auto form = asked_help(words)) {
    print(alloc_help(*form));
    return kExitDone;
  }
  const auto alloc = read_alloc(words);
  if (!alloc) return fail(alloc.error());
  const char* const shepherd = std::getenv("USINE_SHEPHERD");
  if (shepherd != nullptr && *shepherd != '\0') {
    const char* const job = std::getenv("USINE_JOB_ID");
    return fail(ErrorCode::kRefused, std::string("this is inside job ") +
                                         (job != nullptr ? job : "?") +
                                         " already: `usine run` makes steps in it");
  }
  return allocate(*alloc);
}

}  // namespace usine::cli
