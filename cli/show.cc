// `usine show KIND NAME`: everything that is known about one thing.
#include "cli/client.h"
#include "cli/events.h"
#include "cli/groups.h"
#include "cli/job_names.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/time.h"
#include "common/units.h"

namespace usine::cli {
namespace {

void add_line(Table& table, const std::string& name, const std::string& value) {
  if (!value.empty()) table.add({name, value});
}

std::string optional_time(bool known, std::int64_t millis) {
  return known ? time_text(millis) : "";
}

std::string joined(const auto& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

std::string share_text(const proto::Component& part) {
  const proto::NodeDemand& share = part.per_node();
  std::string text = std::to_string(part.nodes()) + " x (" + std::to_string(share.cores()) +
                     " cores, " + std::to_string(share.gpus()) + " GPUs";
  if (!share.gpu_type().empty()) text += " of type " + share.gpu_type();
  if (share.memory_mib() > 0) text += ", " + format_memory_mib(share.memory_mib());
  if (share.memory_mib() < 0) text += ", all memory";
  if (part.exclusive()) text += ", whole nodes";
  return text + "), " + std::to_string(part.tasks()) + (part.tasks() == 1 ? " task" : " tasks");
}

// "afterok:12 (met), afterok:13 (waiting)"
std::string dependencies_text(const proto::JobDetail& detail) {
  std::string text;
  for (const proto::DependencyInfo& one : detail.dependencies()) {
    if (!text.empty()) text += detail.dependencies_any() ? " or " : ", ";
    text += one.text() + " (" + one.state() +
            (one.has_from_ms() ? " from " + time_text(one.from_ms()) : "") + ')';
  }
  return text;
}

void print_placement(const proto::JobDetail& detail) {
  if (detail.placement().empty()) return;
  Table table({"NODE", "LEAF", "CORES", "GPUS", "NICS", "MEMORY"});
  for (const proto::JobNode& node : detail.placement()) {
    table.add({node.name(), node.leaf(), node.cores(), node.gpus(), joined(node.nic_names()),
               format_memory_mib(node.memory_mib())});
  }
  print("\n");
  print_table(table);
}

// Of an array: its tasks as submitted, and for each state how many there are and which.
void add_array(Table& table, const proto::JobDetail& detail) {
  const proto::JobSummary& job = detail.summary();
  if (!job.has_array()) return;
  add_line(table, "array", detail.request().array());
  if (job.array().limit() != 0) {
    add_line(table, "at once", std::to_string(job.array().limit()));
  }
  for (const proto::ArrayTaskCount& count : job.array().counts()) {
    const std::string tasks = std::to_string(count.tasks());
    add_line(table, "tasks " + count.state(),
             count.indexes().empty() ? tasks : tasks + " (" + count.indexes() + ')');
  }
}

void print_job(const proto::JobDetail& detail) {
  const proto::JobSummary& job = detail.summary();
  const proto::LaunchRequest& launch = detail.request().launch();
  Table table({"job", std::to_string(job.id())});
  add_line(table, "task", job.array_id() == 0 ? "" : name_of(job));
  add_line(table, "name", job.name());
  add_line(table, "state", state_text(job));
  add_array(table, detail);
  add_line(table, "message", job.message());
  add_line(table, "exit", job.has_exit() ? exit_text(job.exit()) : "");
  add_line(table, "user", job.user());
  add_line(table, "project", job.project());
  add_line(table, "partition", job.partition());
  add_line(table, "attempt", std::to_string(job.attempt()));
  for (const proto::Component& part : detail.request().components()) {
    add_line(table, "request", share_text(part));
  }
  add_line(table, "time limit", format_duration(Seconds(job.time_limit_s())));
  add_line(table, "QOS", detail.request().qos());
  add_line(table, "deadline",
           optional_time(detail.request().has_deadline_ms(), detail.request().deadline_ms()));
  add_line(table, "order", rank_text(detail.rank()));
  add_line(table, "checkpoint", optional_time(detail.has_checkpoint_ms(), detail.checkpoint_ms()));
  add_line(table, "progress", detail.progress());
  add_line(table, "submitted", time_text(job.submit_ms()));
  add_line(table, "estimated start", job.has_estimated_start_ms() ? estimate_text(job) : "");
  add_line(table, "started", optional_time(job.has_start_ms(), job.start_ms()));
  add_line(table, "ended", optional_time(job.has_end_ms(), job.end_ms()));
  add_line(table, "waits for", dependencies_text(detail));
  add_line(table, "reservation", detail.request().reservation());
  add_line(table, "comment", detail.request().comment());
  add_line(table, "script", launch.script_name());
  add_line(table, "folder", launch.working_directory());
  add_line(table, "output", launch.output());
  add_line(table, "error", launch.error());
  print(table.text());
  print_placement(detail);
}

void print_past_job(const proto::HistoryEntry& job) {
  Table table({"job", std::to_string(job.job())});
  add_line(table, "task", job.array_id() == 0 ? "" : name_of(job));
  add_line(table, "name", job.name());
  add_line(table, "state", job.state());
  add_line(table, "message", job.message());
  add_line(table, "exit", exit_text(job.exit()));
  add_line(table, "user", job.user());
  add_line(table, "project", job.project());
  add_line(table, "partition", job.partition());
  add_line(table, "attempt", std::to_string(job.attempt()));
  add_line(table, "nodes", job.node_list());
  add_line(table, "GPUs", std::to_string(job.gpus()));
  add_line(table, "submitted", time_text(job.submit_ms()));
  add_line(table, "started", optional_time(job.has_start_ms(), job.start_ms()));
  add_line(table, "ended", time_text(job.end_ms()));
  add_line(table, "peak memory", format_memory_mib(job.peak_memory_mib()));
  print(table.text());
}

// A job that ended long ago: its last attempt in the books. `unknown` is what to say of a job that
// is not there either.
CommandResult show_job_of_history(Client& client, const proto::GetJobRequest& named,
                                  const Error& unknown, bool json) {
  proto::ListHistoryRequest request;
  request.set_job(named.job());
  if (named.has_array_index()) request.set_array_index(named.array_index());
  const auto history = list_all_history(client, request);
  if (!history) return fail(history.error());
  if (history->entries().empty()) return fail(unknown);
  proto::HistoryEntry last;
  for (const proto::HistoryEntry& entry : history->entries()) {
    if (named.has_array_index() || entry.job() == named.job()) last = entry;
  }
  if (json) {
    print_json(to_json(last));
  } else {
    print_past_job(last);
  }
  return kExitDone;
}

CommandResult show_job(Client& client, const std::string& name, bool json) {
  const auto request = request_for(name);
  if (!request) return fail(request.error());
  const auto detail = client.get_job(*request);
  if (!detail && detail.error().code == ErrorCode::kNotFound) {
    return show_job_of_history(client, *request, detail.error(), json);
  }
  if (!detail) return fail(detail.error());
  if (json) {
    print_json(to_json(*detail));
  } else {
    print_job(*detail);
  }
  return kExitDone;
}

void print_node(const proto::NodeInfo& node) {
  Table table({"node", node.name()});
  add_line(table, "state", node.state());
  if (node.has_drain_since_ms()) {
    add_line(table, "drained",
             node.drain_reason() + " (" + node.drain_author() + ", " +
                 time_text(node.drain_since_ms()) + ")");
  }
  add_line(table, "class", node.node_class());
  add_line(table, "leaf", node.leaf());
  add_line(table, "cores free",
           std::to_string(node.cores_free()) + " of " + std::to_string(node.cores()));
  add_line(table, "GPUs free",
           std::to_string(node.gpus_free()) + " of " + std::to_string(node.gpus()) + "  " +
               node.gpu_model());
  add_line(
      table, "memory free",
      format_memory_mib(node.memory_free_mib()) + " of " + format_memory_mib(node.memory_mib()));
  std::string jobs;
  for (const std::uint64_t job : node.jobs()) {
    jobs += (jobs.empty() ? "" : ",") + std::to_string(job);
  }
  add_line(table, "jobs", jobs);
  add_line(table, "features", joined(node.features()));
  add_line(table, "partitions", joined(node.partitions()));
  print(table.text());
}

CommandResult show_node(Client& client, const std::string& name, bool json) {
  proto::ListNodesRequest request;
  request.add_names(name);
  const auto reply = client.list_nodes(request);
  if (!reply) return fail(reply.error());
  if (reply->nodes().empty()) {
    return fail(ErrorCode::kNotFound, "there is no node '" + name +
                                          "': `usine node list` names "
                                          "them");
  }
  if (json) {
    print_json(to_json(reply->nodes(0)));
  } else {
    print_node(reply->nodes(0));
  }
  return kExitDone;
}

Options known_options() {
  Options options(
      "usine show job|node|partition|qos|project NAME [--events [--from T]] [--json]",
      "Prints all that is known about one job or node; or the bounds, the users and the "
      "use of a partition, a QOS or a project, of all of the kind without a name. With --events, "
      "what happened to the job or on the node so far.",
      "usine show job 42 --events");
  options.flag("events", "the story of a job, for its owner and operators, or of a node")
      .value("from", "T", "events at or after this time (default: of a node, the last day)")
      .flag("json", "print one JSON document")
      .finds_cluster()
      .takes_words(1, 2, "what to show");
  return options;
}

}  // namespace

CommandResult run_show(const Words& words) {
  const auto given = known_options().parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const std::string& kind = (*given)->words()[0];
  const std::string name = (*given)->words().size() > 1 ? (*given)->words()[1] : "";
  const bool json = (*given)->flag("json");
  const bool is_group = kind == "partition" || kind == "qos" || kind == "project";
  if (kind != "job" && kind != "node" && !is_group) {
    return fail(ErrorCode::kInvalid,
                "'" + kind + "' cannot be shown: say job, node, partition, qos or project");
  }
  if (name.empty() && !is_group) return fail(ErrorCode::kInvalid, "which " + kind + "? Name it");
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  if ((*given)->flag("events")) return show_events(*client, kind, name, **given);
  if (kind == "job") return show_job(*client, name, json);
  if (kind == "node") return show_node(*client, name, json);
  return show_groups(*client, kind, name, json);
}

}  // namespace usine::cli
