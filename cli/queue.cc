// `usine queue`: the jobs that wait and run, or those in states asked for.
#include <csignal>
#include <ctime>
#include <optional>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/time.h"

namespace usine::cli {
namespace {

constexpr std::size_t kNameColumns = 24;
constexpr std::int64_t kWatchSecondsMax = 3600;

std::string shortened(const std::string& text) {
  return text.size() <= kNameColumns ? text : text.substr(0, kNameColumns - 1) + "+";
}

// Where it runs, or why it does not yet.
std::string whereabouts(const proto::JobSummary& job) {
  const std::string counts = counts_text(job);
  if (job.reasons().empty()) return counts.empty() ? job.node_list() : counts;
  return (counts.empty() ? "" : counts + ": ") + job.reasons(0).sentence();
}

std::string elapsed_text(const proto::JobSummary& job, std::int64_t as_of_ms) {
  if (!job.has_start_ms()) return "-";
  const std::int64_t end = job.has_end_ms() ? job.end_ms() : as_of_ms;
  return format_duration(Seconds((end - job.start_ms()) / 1000));
}

Table table_of(const proto::ListJobsReply& reply) {
  Table table({"JOB", "NAME", "USER", "PARTITION", "STATE", "NODES", "GPUS", "TIME", "LIMIT",
               "NODE LIST OR REASON"});
  for (const std::size_t column : {0u, 5u, 6u, 7u, 8u}) table.align_right(column);
  for (const proto::JobSummary& job : reply.jobs()) {
    table.add({name_of(job), shortened(job.name()), job.user(), job.partition(), state_word(job),
               std::to_string(job.nodes()), std::to_string(job.gpus()),
               elapsed_text(job, reply.as_of_ms()), format_duration(Seconds(job.time_limit_s())),
               whereabouts(job)});
  }
  return table;
}

// Draws the list every so many seconds until Ctrl-C ends the program.
CommandResult watch(Client& client, const proto::ListJobsRequest& request, std::int64_t seconds) {
  while (true) {
    const auto reply = list_all_jobs(client, request);
    if (!reply) return fail(reply.error());
    if (output_is_terminal()) print("\033[H\033[2J");
    print_table(table_of(*reply));
    std::fflush(stdout);
    const timespec interval{seconds, 0};
    ::nanosleep(&interval, nullptr);
  }
}

}  // namespace

CommandResult run_queue(const Words& words) {
  Options options("usine queue [--user U] [--project P] [--state STATE,...] [--watch] [--json]",
                  "Lists the jobs that wait and run, why they wait or where they run. --state also "
                  "takes 'all', and finished states for jobs that ended lately; any other value of "
                  "it is the state folder.",
                  "usine queue --user $USER --state pending,running");
  options.value("user", "U", "only jobs of this user")
      .value("project", "P", "only jobs of this project")
      .flag("watch", "draw the list anew every 2 seconds, until Ctrl-C")
      .value("interval", "N", "with --watch: every N seconds")
      .flag("json", "print one JSON document")
      .finds_cluster();
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  proto::ListJobsRequest request;
  request.set_user((*given)->value("user").value_or(""));
  request.set_project((*given)->value("project").value_or(""));
  TargetOptions target = (*given)->target();
  for (const std::string& state : take_states(**given, target)) request.add_states(state);
  auto client = connect(target);
  if (!client) return fail(client.error());
  const auto interval = (*given)->number("interval", 1, kWatchSecondsMax);
  if (!interval) return fail(interval.error());
  if ((*given)->flag("watch")) return watch(*client, request, interval->value_or(2));
  const auto reply = list_all_jobs(*client, request);
  if (!reply) return fail(reply.error());
  if ((*given)->flag("json")) {
    print_json(to_json(*reply));
  } else {
    print_table(table_of(*reply));
  }
  return kExitDone;
}

}  // namespace usine::cli
