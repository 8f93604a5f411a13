// `usine cancel`, `hold`, `release`, `requeue`: one action on any number of jobs.
#include <limits>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"

namespace usine::cli {
namespace {

struct Action {
  proto::JobAction action;
  std::string name;
  std::string about;
  bool takes_states = false;  // of the tasks of an array
};

Status add_job(proto::ActOnJobsRequest& request, const std::string& word) {
  const auto name = parse_job_name(word);
  if (!name) return fail(name.error());
  if (name->tasks.empty()) {
    request.add_jobs(name->job);
    return {};
  }
  proto::JobTasks& some = *request.add_tasks();
  some.set_array(name->job);
  some.set_tasks(name->tasks);
  return {};
}

CommandResult act(const Action& action, const Words& words) {
  Options options(
      "usine " + action.name + (action.takes_states ? " [--state STATE,...]" : "") + " JOB...",
      action.about + " Tasks of an array are named as 42_7 or 42_[1-3,9].",
      "usine " + action.name + " 42 43_7");
  options.finds_cluster().takes_words(1, std::numeric_limits<std::size_t>::max(), "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  proto::ActOnJobsRequest request;
  request.set_action(action.action);
  for (const std::string& word : (*given)->words()) {
    if (const Status read = add_job(request, word); !read) return fail(read.error());
  }
  TargetOptions target = (*given)->target();
  if (action.takes_states) {
    for (const std::string& state : take_states(**given, target)) request.add_states(state);
  }
  auto client = connect(target);
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
              "Stops running jobs and puts them back in the queue under the same id. With --state "
              "failed,timeout,... instead those tasks of an array run again that ended so; any "
              "other value of it is the state folder.",
              true},
             words);
}

}  // namespace usine::cli
