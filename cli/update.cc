// `usine update`: changes what a job was submitted with.
#include <array>
#include <limits>
#include <string_view>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "model/array_spec.h"
#include "model/option_table.h"
#include "proto/convert_model.h"

namespace usine::cli {
namespace {

constexpr std::array<std::string_view, 7> kOwn = {
    "dependency", "time-limit", "time", "array-limit", "state", "config", "scheduler"};

// An option that a job is submitted with and that cannot be changed afterwards is refused by name.
Status check_changeable(const Words& words) {
  for (const std::string& word : words) {
    if (!word.starts_with("--")) continue;
    const std::string name = word.substr(2, word.find('=') - 2);
    bool own = name.empty() || name == "help";
    for (const std::string_view known : kOwn) own |= known.starts_with(name);
    if (own || !find_option(name)) continue;
    return fail(ErrorCode::kRefused,
                "--" + name +
                    " of a submitted job cannot be changed yet, only --dependency and "
                    "--time-limit: cancel the job and submit it anew");
  }
  return {};
}

Status read_changes(const Given& given, proto::UpdateJobsRequest& request) {
  if (const auto text = given.value("dependency")) {
    request.mutable_dependencies();
    if (*text != "none") {
      const auto dependencies = parse_dependencies(*text);
      if (!dependencies) return fail(dependencies.error().within("--dependency"));
      *request.mutable_dependencies() = to_proto(*dependencies);
    }
  }
  const auto limit_text =
      given.value("time-limit") ? given.value("time-limit") : given.value("time");
  if (limit_text) {
    const auto limit = parse_time_limit(*limit_text);
    if (!limit) return fail(limit.error().within("--time-limit"));
    request.set_time_limit_s(limit->count());
  }
  const auto array_limit = given.number("array-limit", 0, kArrayTasksMax);
  if (!array_limit) return fail(array_limit.error());
  if (*array_limit) request.set_array_limit(static_cast<std::uint32_t>(**array_limit));
  if (request.has_dependencies() || request.has_time_limit_s() || *array_limit) return {};
  return fail(ErrorCode::kInvalid,
              "nothing to change is named: say --dependency LIST, --time-limit TIME or "
              "--array-limit N");
}

}  // namespace

CommandResult run_update(const Words& words) {
  if (const Status known = check_changeable(words); !known) return fail(known.error());
  Options options("usine update [--dependency LIST] [--time-limit TIME] [--array-limit N] JOB...",
                  "Changes jobs: what a waiting one waits for in other jobs, and how long one may "
                  "run. With --dependency none it waits for no other job.",
                  "usine update --dependency afterok:41:42 43");
  options
      .value("dependency", "LIST",
             "after:JOB[+MINUTES], afterok:JOB, afternotok:JOB, afterany:JOB, aftercorr:JOB or "
             "singleton; ',' between those that are all needed, '?' where any one is enough; none")
      .value("time-limit", "TIME", "MINUTES, HH:MM:SS or D-HH:MM:SS from the job's start")
      .value("time", "TIME", "the same")
      .value("array-limit", "N",
             "of an array: so many tasks run at once at most; 0: as many as find room")
      .finds_cluster()
      .takes_words(1, std::numeric_limits<std::size_t>::max(), "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  proto::UpdateJobsRequest request;
  if (const Status read = read_changes(**given, request); !read) return fail(read.error());
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  for (const std::string& word : (*given)->words()) {
    const auto id = find_job_id(*client, word);
    if (!id) return fail(id.error());
    request.add_jobs(*id);
  }
  const auto reply = client->update_jobs(request);
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "job");
}

}  // namespace usine::cli
