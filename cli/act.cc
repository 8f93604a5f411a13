// `usine cancel`, `hold`, `release`, `requeue`, `suspend`, `unsuspend`, `signal`: one action on any
// number of jobs.
#include <limits>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "model/signal_request.h"
#include "proto/convert_model.h"

namespace usine::cli {
namespace {

struct Action {
  proto::JobAction action;
  std::string name;
  std::string about;
  bool takes_states = false;  // of the tasks of an array
  bool takes_signal = false;
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

Options options_of(const Action& action) {
  std::string usage = "usine " + action.name;
  std::string example = usage;
  if (action.takes_states) usage += " [--state STATE,...]";
  if (action.takes_signal) {
    usage += " --signal SIGNAL [--batch|--full]";
    example += " --signal USR1";
  }
  Options options(usage + " JOB...",
                  action.about + " Tasks of an array are named as 42_7 or 42_[1-3,9].",
                  example + " 42 43_7");
  if (action.takes_signal) {
    options.value("signal", "SIGNAL", "by name, such as USR1, or by number")
        .flag("batch", "to the shell of the batch script alone, not to the steps")
        .flag("full", "to the steps, the batch script and all that it has started");
  }
  return options;
}

Status add_signal(const Given& given, proto::ActOnJobsRequest& request) {
  const auto text = given.value("signal");
  if (!text) return fail(ErrorCode::kInvalid, "no signal is named: write --signal USR1");
  if (given.flag("batch") && given.flag("full")) {
    return fail(ErrorCode::kInvalid, "--batch and --full contradict each other");
  }
  const auto signal = parse_signal(*text);
  if (!signal) return fail(signal.error().within("--signal"));
  SignalTarget target = SignalTarget::kSteps;
  if (given.flag("batch")) target = SignalTarget::kBatch;
  if (given.flag("full")) target = SignalTarget::kAll;
  *request.mutable_signal() = to_proto(SignalRequest{*signal, target});
  return {};
}

CommandResult act(const Action& action, const Words& words) {
  Options options = options_of(action);
  options.finds_cluster().takes_words(1, std::numeric_limits<std::size_t>::max(), "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  proto::ActOnJobsRequest request;
  request.set_action(action.action);
  if (action.takes_signal) {
    if (const Status read = add_signal(**given, request); !read) return fail(read.error());
  }
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

CommandResult run_suspend(const Words& words) {
  return act({proto::JOB_ACTION_SUSPEND, "suspend",
              "Makes all processes of running jobs stand still. They keep their nodes, and their "
              "time limit goes on."},
             words);
}

CommandResult run_unsuspend(const Words& words) {
  return act({proto::JOB_ACTION_UNSUSPEND, "unsuspend", "Lets suspended jobs go on."}, words);
}

CommandResult run_signal(const Words& words) {
  return act({proto::JOB_ACTION_SIGNAL, "signal",
              "Passes a signal to the steps of running jobs (what `usine run` has started), on all "
              "their nodes.",
              false, true},
             words);
}

}  // namespace usine::cli
