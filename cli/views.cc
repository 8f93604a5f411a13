#include "cli/views.h"

#include <cstring>
#include <utility>

#include "cli/groups.h"
#include "cli/terminal.h"
#include "common/time.h"
#include "model/job_state.h"
#include "model/topology_request.h"
#include "proto/convert_model.h"

namespace usine::cli {
namespace {

using usine::cli::to_json;  // beside those below, which would hide them

Json seconds_of(std::int64_t millis) {
  if (millis % 1000 == 0) return millis / 1000;
  return static_cast<double>(millis) / 1000.0;
}

template <typename Repeated>
Json list_of(const Repeated& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(item);
  return list;
}

Json to_json(const proto::ExitStatus& exit) {
  return {{"cause", to_string(static_cast<EndCause>(exit.cause()))},
          {"exit_code", exit.exit_code()},
          {"signal", exit.signal()},
          {"message", exit.message()}};
}

Json to_json(const proto::JobNode& node) {
  return {{"node", node.name()},
          {"leaf", node.leaf()},
          {"cores", node.cores()},
          {"gpus", node.gpus()},
          {"gpu_bus_ids", list_of(node.gpu_bus_ids())},
          {"nics", list_of(node.nic_names())},
          {"memory_mib", node.memory_mib()}};
}

Json to_json(const proto::TopologyRequest& topology) {
  const auto order = static_cast<SegmentOrder>(topology.segment_order());
  return {{"required", topology.has_required() ? Json(topology.required()) : Json(nullptr)},
          {"preferred", topology.has_preferred() ? Json(topology.preferred()) : Json(nullptr)},
          {"switches", topology.switches_max()},
          {"switches_wait", topology.switches_wait_s()},
          {"segment", topology.segment()},
          {"segment_level",
           topology.has_segment_level() ? Json(topology.segment_level()) : Json(nullptr)},
          {"segment_order", to_string(order)},
          {"shape", topology.shape().empty() ? Json(nullptr) : Json(topology.shape())},
          {"shape_turns", topology.shape_turns()}};
}

Json to_json(const proto::Component& part) {
  return {{"nodes", part.nodes()},
          {"tasks", part.tasks()},
          {"tasks_per_node", part.tasks_per_node()},
          {"cores_per_task", part.cores_per_task()},
          {"cores_per_node", part.per_node().cores()},
          {"gpus_per_node", part.per_node().gpus()},
          {"gpu_type", part.per_node().gpu_type()},
          {"memory_mib_per_node", part.per_node().memory_mib()},
          {"any_nodes", part.any_nodes()},
          {"exclusive", part.exclusive()},
          {"node_list", list_of(part.only_nodes())},
          {"excluded_nodes", list_of(part.excluded_nodes())},
          {"constraint", part.constraint()},
          {"topology", to_json(part.topology())}};
}

Json to_json(const proto::DependencyInfo& dependency) {
  return {
      {"dependency", dependency.text()},
      {"state", dependency.state()},
      {"from", dependency.has_from_ms() ? Json(time_text(dependency.from_ms())) : Json(nullptr)}};
}

// As --dependency takes it.
std::string dependency_text(const proto::Dependencies& message) {
  const auto dependencies = from_proto(message);
  return dependencies ? to_string(*dependencies) : std::string();
}

template <typename Repeated>
Json json_list_of(const Repeated& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

// Of a task of an array: which one it is.
void add_task(const auto& message, Json& json) {
  const bool is_task = message.array_id() != 0;
  json["array_id"] = is_task ? Json(message.array_id()) : Json(nullptr);
  json["array_index"] = is_task ? Json(message.array_index()) : Json(nullptr);
}

Json to_json(const proto::ArrayInfo& array) {
  Json states = Json::object();
  for (const proto::ArrayTaskCount& count : array.counts()) {
    states[count.state()] = {{"tasks", count.tasks()}, {"indexes", count.indexes()}};
  }
  return {{"tasks", array.tasks()}, {"limit", array.limit()}, {"states", std::move(states)}};
}

// The time, or null where the message has none.
#define USINE_TIME_OR_NULL(message, field) \
  ((message).has_##field() ? Json(time_text((message).field())) : Json(nullptr))

void add_launch(const proto::LaunchRequest& launch, Json& json) {
  json["script_name"] = launch.script_name();
  json["arguments"] = list_of(launch.arguments());
  json["working_directory"] = launch.working_directory();
  json["output"] = launch.output();
  json["error"] = launch.error();
  json["input"] = launch.input();
  json["open_mode"] = launch.open_mode() == 0 ? "truncate" : "append";
  json["umask"] = launch.umask();
}

// Null where nobody looked at the GPUs.
Json gpu_use_of(const proto::ResourceUse& use) {
  if (use.gpu_seen_ms() == 0) return nullptr;
  return {{"busy", static_cast<double>(use.gpu_busy_ms()) / static_cast<double>(use.gpu_seen_ms())},
          {"memory_mib", use.gpu_memory_mib()}};
}

}  // namespace

std::string state_word(const proto::JobSummary& job) {
  return job.has_suspended_ms() ? "suspended" : job.state();
}

std::string time_text(std::int64_t millis) { return format_time(Time(Millis(millis))); }

std::string estimate_text(const proto::JobSummary& job) {
  const auto second = [](std::int64_t millis) { return time_text(millis / 1000 * 1000); };
  const std::string start = second(job.estimated_start_ms());
  if (!job.has_estimated_latest_ms()) return start + " at the latest";
  return "about " + start + ", 8 of 10 times between " + second(job.estimated_earliest_ms()) +
         " and " + second(job.estimated_latest_ms());
}

Json to_json(const proto::Reason& reason) {
  return {{"kind", reason.kind()},   {"asked", reason.asked()}, {"free", reason.free()},
          {"total", reason.total()}, {"text", reason.text()},   {"sentence", reason.sentence()}};
}

Json to_json(const proto::JobSummary& job) {
  Json json = {{"id", job.id()},
               {"name", job.name()},
               {"user", job.user()},
               {"project", job.project()},
               {"partition", job.partition()},
               {"state", job.state()},
               {"attempt", job.attempt()},
               {"nodes", job.nodes()},
               {"gpus", job.gpus()},
               {"submit_time", time_text(job.submit_ms())},
               {"start_time", USINE_TIME_OR_NULL(job, start_ms)},
               {"estimated_start", USINE_TIME_OR_NULL(job, estimated_start_ms)},
               {"estimated_start_earliest", USINE_TIME_OR_NULL(job, estimated_earliest_ms)},
               {"estimated_start_latest", USINE_TIME_OR_NULL(job, estimated_latest_ms)},
               {"suspended_since", USINE_TIME_OR_NULL(job, suspended_ms)},
               {"end_time", USINE_TIME_OR_NULL(job, end_ms)},
               {"time_limit", job.time_limit_s()},
               {"node_list", job.node_list()},
               {"exit", job.has_exit() ? to_json(job.exit()) : Json(nullptr)},
               {"message", job.message()}};
  json["reasons"] = json_list_of(job.reasons());
  add_task(job, json);
  json["array"] = job.has_array() ? to_json(job.array()) : Json(nullptr);
  return json;
}

// As --signal takes it; null without.
Json signal_text(const proto::JobRequest& request) {
  if (!request.has_warning()) return nullptr;
  const auto what = from_proto(request.warning().what());
  if (!what) return nullptr;  // of a newer scheduler
  return to_string(EndWarning{*what, Seconds{request.warning().before_s()}});
}

Json to_json(const proto::JobRequest& request) {
  Json json = {{"name", request.name()},
               {"user", request.user()},
               {"project", request.project()},
               {"partition", request.partition()},
               {"qos", request.qos()},
               {"comment", request.comment()},
               {"components", json_list_of(request.components())},
               {"time_limit", request.time_limit_s()},
               {"begin", USINE_TIME_OR_NULL(request, begin_ms)},
               {"deadline", USINE_TIME_OR_NULL(request, deadline_ms)},
               {"priority", request.priority()},
               {"hold", request.hold()},
               {"requeue", request.requeue()},
               {"requeue_unfenced", request.requeue_unfenced()},
               {"requeue_expedite", request.requeue_expedite()},
               {"idempotency_key", request.idempotency_key()},
               {"interactive", request.interactive()}};
  json["dependency"] = dependency_text(request.dependencies());
  json["reservation"] = request.reservation();
  json["signal"] = signal_text(request);
  json["array"] = request.array().empty() ? Json(nullptr) : Json(request.array());
  add_launch(request.launch(), json);
  return json;
}

Json to_json(const proto::JobDetail& detail) {
  Json json = to_json(detail.summary());
  json["request"] = to_json(detail.request());
  json["placement"] = json_list_of(detail.placement());
  json["dependencies"] = json_list_of(detail.dependencies());
  json["eligible_since"] = USINE_TIME_OR_NULL(detail, eligible_since_ms);
  json["head_starts"] = rank_json(detail.rank());
  json["checkpoint_time"] = USINE_TIME_OR_NULL(detail, checkpoint_ms);
  json["progress"] = detail.progress();
  json["dependencies_any"] = detail.dependencies_any();
  json["waits_behind"] = list_of(detail.waits_behind());
  json["as_of"] = time_text(detail.as_of_ms());
  return json;
}

Json to_json(const proto::NodeInfo& node) {
  Json drain = nullptr;
  if (node.has_drain_since_ms()) {
    drain = {{"reason", node.drain_reason()},
             {"author", node.drain_author()},
             {"since", time_text(node.drain_since_ms())}};
  }
  return {{"name", node.name()},
          {"class", node.node_class()},
          {"state", node.state()},
          {"drain", std::move(drain)},
          {"leaf", node.leaf()},
          {"cores", node.cores()},
          {"cores_free", node.cores_free()},
          {"gpus", node.gpus()},
          {"gpus_free", node.gpus_free()},
          {"gpu_model", node.gpu_model()},
          {"memory_mib", node.memory_mib()},
          {"memory_free_mib", node.memory_free_mib()},
          {"jobs", list_of(node.jobs())},
          {"features", list_of(node.features())},
          {"partitions", list_of(node.partitions())}};
}

Json to_json(const proto::PartitionInfo& partition) {
  return {{"name", partition.name()},
          {"nodes", partition.nodes()},
          {"nodes_up", partition.nodes_up()},
          {"time_limit_max", partition.time_limit_max_s()},
          {"is_default", partition.is_default()}};
}

std::optional<double> cpu_efficiency(const proto::HistoryEntry& entry) {
  if (entry.core_ms() == 0) return std::nullopt;
  return static_cast<double>(entry.use().cpu_ms()) / static_cast<double>(entry.core_ms());
}

Json to_json(const proto::HistoryStep& step) {
  const bool is_batch = step.step() < 0;
  return {{"step", is_batch ? Json("batch") : Json(step.step())},
          {"name", step.name()},
          {"tasks", step.tasks()},
          {"nodes", step.nodes()},
          {"exit_code", step.exit_code()},
          {"signal", step.signal()},
          {"start_time", time_text(step.start_ms())},
          {"elapsed", seconds_of(step.elapsed_ms())},
          {"cpu_ms", step.use().cpu_ms()},
          {"peak_memory_mib", step.peak_memory_mib()},
          {"gpu_use", gpu_use_of(step.use())}};
}

Json to_json(const proto::HistoryEntry& entry) {
  Json json = {{"id", entry.job()},
               {"attempt", entry.attempt()},
               {"name", entry.name()},
               {"user", entry.user()},
               {"project", entry.project()},
               {"partition", entry.partition()},
               {"state", entry.state()},
               {"exit", to_json(entry.exit())},
               {"message", entry.message()},
               {"submit_time", time_text(entry.submit_ms())},
               {"start_time", USINE_TIME_OR_NULL(entry, start_ms)},
               {"end_time", time_text(entry.end_ms())},
               {"elapsed", seconds_of(entry.elapsed_ms())},
               {"nodes", entry.nodes()},
               {"gpus", entry.gpus()},
               {"cores", entry.cores()},
               {"node_list", entry.node_list()},
               {"peak_memory_mib", entry.peak_memory_mib()},
               {"gpu_seconds", seconds_of(entry.gpu_ms())},
               {"core_seconds", seconds_of(entry.core_ms())},
               {"cpu_ms", entry.use().cpu_ms()},
               {"cpu_efficiency", nullptr},
               {"gpu_use", gpu_use_of(entry.use())},
               {"final", entry.final()}};
  if (const auto share = cpu_efficiency(entry)) json["cpu_efficiency"] = *share;
  if (entry.steps_size() > 0 || entry.steps_left_out() > 0) {
    json["steps"] = json_list_of(entry.steps());
    json["steps_left_out"] = entry.steps_left_out();
  }
  add_task(entry, json);
  return json;
}

#undef USINE_TIME_OR_NULL

Json to_json(const proto::ListJobsReply& reply) {
  return {{"jobs", json_list_of(reply.jobs())}, {"as_of", time_text(reply.as_of_ms())}};
}

Json to_json(const proto::ListNodesReply& reply) {
  return {{"nodes", json_list_of(reply.nodes())}, {"as_of", time_text(reply.as_of_ms())}};
}

Json to_json(const proto::ListHistoryReply& reply) {
  return {{"jobs", json_list_of(reply.entries())}, {"as_of", time_text(reply.as_of_ms())}};
}

Json to_json(const proto::ClusterInfo& cluster) {
  return {{"name", cluster.name()},
          {"uuid", cluster.uuid()},
          {"version", cluster.version()},
          {"epoch", cluster.epoch()},
          {"sequence", cluster.sequence()},
          {"state_digest", cluster.state_digest()},
          {"partitions", json_list_of(cluster.partitions())},
          {"nodes", cluster.nodes()},
          {"nodes_up", cluster.nodes_up()},
          {"jobs_waiting", cluster.jobs_waiting()},
          {"jobs_running", cluster.jobs_running()},
          {"alarms", cluster.alarms()},
          {"as_of", time_text(cluster.as_of_ms())}};
}

void print_json(const Json& json) {
  // Names and paths may hold any bytes; those that are not UTF-8 are shown as a replacement mark.
  print(json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::string exit_text(const proto::ExitStatus& exit) {
  if (exit.signal() != 0) {
    const char* const name = sigabbrev_np(exit.signal());
    return "signal " + std::to_string(exit.signal()) +
           (name == nullptr ? "" : " (" + std::string(name) + ")");
  }
  const auto cause = static_cast<EndCause>(exit.cause());
  if (cause == EndCause::kExited) return "exit " + std::to_string(exit.exit_code());
  return std::string(to_string(cause));
}

std::string state_text(const proto::JobSummary& job) {
  if (job.reasons().empty()) return state_word(job);
  return job.state() + ": " + job.reasons(0).sentence();
}

}  // namespace usine::cli
