// `usine mark`: tells the scheduler, from inside a job, that a checkpoint is written.
#include <cstdlib>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"

namespace usine::cli {
namespace {

Result<std::string> job_named(const Words& words) {
  if (!words.empty()) return words.front();
  const char* const job = std::getenv("USINE_JOB_ID");
  if (job != nullptr && *job != '\0') return job;
  return fail(ErrorCode::kInvalid, "no job is named: run it inside a job, or name one");
}

}  // namespace

CommandResult run_mark(const Words& words) {
  Options options("usine mark [--progress TEXT] [JOB]",
                  "Tells the scheduler that a checkpoint of the job is written: what it did until "
                  "now is kept if the job must make room for another, and jobs that lose little by "
                  "it are chosen first. Inside a job the job need not be named.",
                  "usine mark --progress \"epoch 3 of 9\"");
  options.value("progress", "TEXT", "how far the job is, shown by `usine show job`")
      .finds_cluster()
      .takes_words(0, 1, "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto name = job_named((*given)->words());
  if (!name) return fail(name.error());
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  const auto job = find_job_id(*client, *name);
  if (!job) return fail(job.error());
  proto::MarkJobRequest request;
  request.set_job(*job);
  request.set_progress((*given)->value("progress").value_or(""));
  const auto reply = client->mark_job(request);
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "job");
}

}  // namespace usine::cli
