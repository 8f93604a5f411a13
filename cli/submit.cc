// `usine submit`: queues a batch script and says under which id.
#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/output_file.h"
#include "cli/request_help.h"
#include "cli/submission.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "model/job_state.h"

namespace usine::cli {
namespace {

// What --test-only answers: when it would start, and what stands in the way now.
CommandResult report_test(const proto::SubmitReply& reply, const SubmissionModes& modes) {
  const bool known = reply.has_estimated_start_ms();
  if (modes.json) {
    print_json({{"estimated_start", known ? Json(time_text(reply.estimated_start_ms())) : Json()},
                {"reason", reply.has_reason() ? to_json(reply.reason()) : Json()}});
    return kExitDone;
  }
  print(known ? "the job would start at " + time_text(reply.estimated_start_ms()) + '\n'
              : std::string("the job would be accepted; no start can be estimated\n"));
  if (reply.has_reason()) print("  " + reply.reason().sentence() + '\n');
  return kExitDone;
}

void report_submitted(const Submission& submission, const proto::SubmitReply& reply) {
  const std::string id = std::to_string(reply.job());
  const std::string output = output_path(submission.options.request, reply.job());
  if (submission.modes.json) {
    print_json({{"id", reply.job()}, {"existed", reply.existed()}, {"output", output}});
  } else if (submission.options.parsable) {
    print(id + '\n');
  } else {
    print("job " + id + (reply.existed() ? " was submitted before" : " submitted") +
          "; output goes to " + output + '\n');
  }
}

CommandResult wait_for_end(Client& client, std::uint64_t job) {
  const auto detail = wait_while(client, job, {"pending", "preparing", "running", "stopping"});
  if (!detail) return fail(detail.error());
  const proto::JobSummary& ended = detail->summary();
  if (ended.state() != to_string(JobState::kCompleted)) {
    std::string text = "job " + std::to_string(job) + " ended as " + ended.state();
    if (!ended.message().empty()) text += ": " + ended.message();
    std::fprintf(stderr, "usine: %s\n", text.c_str());
  }
  return exit_status_of(ended);
}

}  // namespace

CommandResult run_submit(const Words& words) {
  if (const auto form = asked_help(words)) {
    print(submit_help(*form));
    return kExitDone;
  }
  const auto submission = read_submission(words);
  if (!submission) return fail(submission.error());
  for (const std::string& warning : submission->options.warnings) warn(warning);
  const proto::SubmitRequest message = to_message(*submission);
  if (submission->modes.dry_run) {
    print_json(to_json(message.request()));
    return kExitDone;
  }
  auto client = connect(submission->modes.target);
  if (!client) return fail(client.error());
  const auto reply = client->submit(message);
  if (!reply) return fail(reply.error());
  if (message.test_only()) return report_test(*reply, submission->modes);
  report_submitted(*submission, *reply);
  if (!submission->options.wait) return kExitDone;
  std::fflush(stdout);
  return wait_for_end(*client, reply->job());
}

}  // namespace usine::cli
