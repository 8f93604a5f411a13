// `usine cancel`, `hold`, `release`, `requeue`: one action on any number of jobs.
#include <limits>

#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/options.h"

namespace usine::cli {
namespace {

struct Action {
  proto::JobAction action;
  std::string name;
  std::string about;
};

CommandResult act(const Action& action, const Words& words) {
  Options options("usine " + action.name + " JOB...", action.about,
                  "usine " + action.name + " 42 43");
  options.finds_cluster().takes_words(1, std::numeric_limits<std::size_t>::max(), "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  proto::ActOnJobsRequest request;
  request.set_action(action.action);
  for (const std::string& word : (*given)->words()) {
    const auto id = parse_job_id(word);
    if (!id) return fail(id.error());
    request.add_jobs(*id);
  }
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  const auto reply = client->act_on_jobs(request);
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "job");
}

}  // namespace

CommandResult run_cancel(const Words& words) {
  return act({proto::JOB_ACTION_CANCEL, "cancel",
              "Ends jobs: waiting ones at once, running ones with TERM and, after the grace time, "
              "KILL."},
             words);
}

CommandResult run_hold(const Words& words) {
  return act({proto::JOB_ACTION_HOLD, "hold",
              "Keeps waiting jobs from starting until they are released; their place in the queue "
              "stays."},
             words);
}

CommandResult run_release(const Words& words) {
  return act({proto::JOB_ACTION_RELEASE, "release", "Lets held jobs start again."}, words);
}

CommandResult run_requeue(const Words& words) {
  return act({proto::JOB_ACTION_REQUEUE, "requeue",
              "Stops running jobs and puts them back in the queue under the same id."},
             words);
}

}  // namespace usine::cli
