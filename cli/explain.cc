// `usine explain JOB`: every rule that keeps a job from starting, with its numbers and who holds
// what it lacks, when it is expected to start, and which changes would start it sooner. It always
// says something.
#include "cli/client.h"
#include "cli/explanation.h"
#include "cli/job_names.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace usine::cli {

CommandResult run_explain(const Words& words) {
  Options options("usine explain JOB [--json]",
                  "Says which rules keep a job from starting, with their numbers and who holds "
                  "what it lacks, when\nit is expected to start, and which changes would start it "
                  "sooner, each tried by the scheduler.",
                  "usine explain 42");
  options.flag("json", "print one JSON document")
      .flag("no-changes", "answer at once, without trying changes")
      .finds_cluster()
      .takes_words(1, 1, "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  const auto id = find_job_id(*client, (*given)->words().front());
  if (!id) return fail(id.error());
  proto::ExplainRequest request;
  request.set_job(*id);
  request.set_without_changes((*given)->flag("no-changes"));
  const auto explanation = client->explain(request);
  if (!explanation) return fail(explanation.error());
  if ((*given)->flag("json")) {
    print_json(to_json(*explanation));
  } else {
    print(explanation_text(*explanation));
  }
  return kExitDone;
}

}  // namespace usine::cli
