// `usine history`: what has ended, one row for each attempt, from the books.
#include <cmath>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/local_clock.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/time.h"
#include "common/units.h"

namespace usine::cli {
namespace {

// "87%"; "-" where nothing is known.
std::string percent_text(std::optional<double> share) {
  if (!share) return "-";
  return std::to_string(std::llround(*share * 100)) + '%';
}

// "00:01:02.345": steps may take less than a second.
std::string format_cpu_time(std::int64_t cpu_ms) {
  std::string ms = std::to_string(cpu_ms % 1000);
  ms.insert(0, 3 - ms.size(), '0');
  return format_duration(Seconds(cpu_ms / 1000)) + '.' + ms;
}

Result<std::optional<std::int64_t>> time_option(const Given& given, const std::string& name) {
  const auto text = given.value(name);
  if (!text) return std::nullopt;
  const auto time = parse_begin(*text, local_clock());
  if (!time) return fail(time.error().within("--" + name));
  return time->time_since_epoch().count();
}

Table table_of(const proto::ListHistoryReply& reply) {
  Table table({"JOB", "ATTEMPT", "NAME", "USER", "STATE", "EXIT", "NODES", "GPUS", "ELAPSED", "CPU",
               "ENDED", "NODE LIST"});
  for (const std::size_t column : {0u, 1u, 6u, 7u, 8u, 9u}) table.align_right(column);
  for (const proto::HistoryEntry& entry : reply.entries()) {
    table.add({name_of(entry), std::to_string(entry.attempt()), entry.name(), entry.user(),
               entry.state(), exit_text(entry.exit()), std::to_string(entry.nodes()),
               std::to_string(entry.gpus()), format_duration(Seconds(entry.elapsed_ms() / 1000)),
               percent_text(cpu_efficiency(entry)), time_text(entry.end_ms()), entry.node_list()});
  }
  return table;
}

std::string exit_text(const proto::HistoryStep& step) {
  return std::to_string(step.exit_code()) + ':' + std::to_string(step.signal());
}

std::optional<double> gpu_use(const proto::ResourceUse& use) {
  if (use.gpu_seen_ms() == 0) return std::nullopt;
  return static_cast<double>(use.gpu_busy_ms()) / static_cast<double>(use.gpu_seen_ms());
}

void add_steps(const proto::HistoryEntry& entry, Table& table) {
  for (const proto::HistoryStep& step : entry.steps()) {
    const std::string number = step.step() < 0 ? "batch" : std::to_string(step.step());
    table.add({name_of(entry) + '.' + number, std::to_string(entry.attempt()), step.name(),
               std::to_string(step.tasks()), std::to_string(step.nodes()), exit_text(step),
               time_text(step.start_ms()), format_duration(Seconds(step.elapsed_ms() / 1000)),
               format_cpu_time(step.use().cpu_ms()), std::to_string(step.peak_memory_mib()),
               percent_text(gpu_use(step.use()))});
  }
}

// EXIT is the exit code and the signal, as in sacct.
Table steps_of(const proto::ListHistoryReply& reply) {
  Table table({"STEP", "ATTEMPT", "NAME", "TASKS", "NODES", "EXIT", "STARTED", "ELAPSED",
               "CPU TIME", "PEAK MIB", "GPU"});
  for (const std::size_t column : {0u, 1u, 3u, 4u, 7u, 8u, 9u, 10u}) table.align_right(column);
  for (const proto::HistoryEntry& entry : reply.entries()) add_steps(entry, table);
  return table;
}

void say_what_is_left_out(const proto::ListHistoryReply& reply) {
  for (const proto::HistoryEntry& entry : reply.entries()) {
    if (entry.steps_left_out() == 0) continue;
    warn("job " + name_of(entry) + " had " + std::to_string(entry.steps_left_out()) +
         " more steps, of which nothing is kept");
  }
}

Result<proto::ListHistoryRequest> request_of(const Given& given) {
  proto::ListHistoryRequest request;
  request.set_user(given.value("user").value_or(""));
  request.set_project(given.value("project").value_or(""));
  request.set_with_steps(given.flag("steps"));
  const auto from = time_option(given, "from");
  if (!from) return fail(from.error());
  if (*from) request.set_from_ms(**from);
  const auto to = time_option(given, "to");
  if (!to) return fail(to.error());
  if (*to) request.set_to_ms(**to);
  if (const auto job = given.value("job")) {
    const auto named = request_for(*job);
    if (!named) return fail(named.error());
    request.set_job(named->job());
    if (named->has_array_index()) request.set_array_index(named->array_index());
  }
  return request;
}

}  // namespace

CommandResult run_history(const Words& words) {
  Options options(
      "usine history [--from T] [--to T] [--user U] [--project P] [--job JOB] [--steps] "
      "[--json]",
      "Lists attempts that have ended, oldest first; a job that was requeued has one "
      "row for each. Times are as for `submit --begin`: 'today', '2026-11-21', "
      "'2026-11-21T08:00'.",
      "usine history --from today --user $USER");
  options.value("from", "T", "ended at or after this time")
      .value("to", "T", "ended before this time")
      .value("user", "U", "only jobs of this user")
      .value("project", "P", "only jobs of this project")
      .value("job", "JOB", "only this job; of an array its tasks as well")
      .flag("steps", "one row for each step instead, and for the batch script")
      .flag("json", "print one JSON document")
      .finds_cluster();
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto request = request_of(**given);
  if (!request) return fail(request.error());
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  const auto reply = list_all_history(*client, *request);
  if (!reply) return fail(reply.error());
  if ((*given)->flag("json")) {
    print_json(to_json(*reply));
  } else if ((*given)->flag("steps")) {
    print_table(steps_of(*reply));
    say_what_is_left_out(*reply);
  } else {
    print_table(table_of(*reply));
  }
  return kExitDone;
}

}  // namespace usine::cli
