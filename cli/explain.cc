// `usine explain JOB`: every rule that keeps a job from starting, with its numbers, and when it
// will start. It always says something.
#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace usine::cli {
namespace {

std::string start_text(const proto::JobSummary& job) {
  if (job.has_start_ms()) return "it started at " + time_text(job.start_ms());
  if (job.has_estimated_start_ms()) {
    return "estimated start: " + time_text(job.estimated_start_ms());
  }
  return "no start can be estimated: it depends on more than running jobs reaching their limits";
}

// What there is to say of a job that does not wait.
std::string course_text(const proto::JobSummary& job) {
  if (job.state() == "preparing") return "its nodes get ready: " + job.node_list();
  if (job.state() == "running") return "it runs on " + job.node_list();
  if (job.state() == "stopping") return "it is ending on " + job.node_list();
  std::string text = "it has ended: " + job.state();
  if (job.has_exit()) text += ", " + exit_text(job.exit());
  if (!job.message().empty()) text += "; " + job.message();
  return text;
}

std::string explanation(const proto::JobDetail& detail) {
  const proto::JobSummary& job = detail.summary();
  std::string text =
      "job " + std::to_string(job.id()) + " (" + job.name() + ") is " + job.state() + '\n';
  if (job.state() != "pending") return text + "  " + course_text(job) + '\n';
  for (const proto::Reason& reason : job.reasons()) {
    text += "  " + std::string(reason.kind()) + ": " + reason.sentence() + '\n';
  }
  if (!detail.waits_behind().empty()) {
    text += "  waits behind:";
    for (const std::uint64_t other : detail.waits_behind()) text += ' ' + std::to_string(other);
    text += '\n';
  }
  return text + "  " + start_text(job) + '\n';
}

}  // namespace

CommandResult run_explain(const Words& words) {
  Options options("usine explain JOB [--json]",
                  "Says which rules keep a job from starting, with their numbers, and when it is "
                  "expected to start.",
                  "usine explain 42");
  options.flag("json", "print one JSON document").finds_cluster().takes_words(1, 1, "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto id = parse_job_id((*given)->words().front());
  if (!id) return fail(id.error());
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  proto::GetJobRequest request;
  request.set_job(*id);
  const auto detail = client->get_job(request);
  if (!detail) return fail(detail.error());
  if (!(*given)->flag("json")) {
    print(explanation(*detail));
    return kExitDone;
  }
  const Json job = to_json(detail->summary());
  Json behind = Json::array();
  for (const std::uint64_t other : detail->waits_behind()) behind.push_back(other);
  print_json({{"id", job["id"]},
              {"state", job["state"]},
              {"reasons", job["reasons"]},
              {"waits_behind", behind},
              {"start_time", job["start_time"]},
              {"estimated_start", job["estimated_start"]},
              {"message", job["message"]},
              {"as_of", time_text(detail->as_of_ms())}});
  return kExitDone;
}

}  // namespace usine::cli
