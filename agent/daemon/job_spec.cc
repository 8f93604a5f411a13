#include "agent/daemon/job_spec.h"

#include <algorithm>

namespace usine::agent {
namespace {

// The driver's numbers of the job's GPUs on this node; the scheduler's where some GPU is unknown.
GpuSet gpus_here(const JobNode& node, const std::vector<std::string>& bus_ids) {
  GpuSet gpus;
  for (const std::string& bus_id : node.gpu_bus_ids) {
    const auto found = std::ranges::find(bus_ids, bus_id);
    if (bus_id.empty() || found == bus_ids.end()) return node.gpus;
    gpus.insert(static_cast<std::size_t>(found - bus_ids.begin()));
  }
  return gpus.count() == node.gpus.count() ? gpus : node.gpus;
}

void fill(proto::SpecNode& out, const JobNode& node) {
  out.set_name(node.name);
  for (const std::size_t core : node.cores) out.add_cores(static_cast<std::uint32_t>(core));
  for (const std::size_t gpu : node.gpus) out.add_gpus(static_cast<std::uint32_t>(gpu));
  for (const std::uint32_t pu : node.pus) out.add_pus(pu);
  for (const std::string& nic : node.nic_names) out.add_nics(nic);
  out.set_memory_mib(node.memory_mib);
  out.set_component(node.component);
  out.set_leaf(node.leaf);
}

// Where the job's cores and GPUs of this node lie. Nothing is said where this node's shape has not
// all of them.
void fill_places(proto::SpecNode& out, const NodeShape& shape) {
  const auto beyond = [](const auto& numbers, std::size_t size) {
    return std::ranges::any_of(numbers, [size](std::uint32_t number) { return number >= size; });
  };
  if (!beyond(out.cores(), shape.cores.size())) {
    for (const std::uint32_t core : out.cores()) {
      out.add_core_packages(shape.cores[core].package);
      out.add_core_numas(shape.cores[core].numa);
    }
  }
  if (beyond(out.gpus(), shape.gpus.size())) return;
  for (const std::uint32_t gpu : out.gpus()) out.add_gpu_numas(shape.gpus[gpu].numa);
}

void fill(proto::SpecComponent& out, const Component& component) {
  out.set_nodes(component.nodes);
  out.set_tasks_per_node(component.tasks_per_node);
  out.set_tasks(component.tasks);
  out.set_cores_per_task(component.cores_per_task);
  out.set_gpus_per_node(component.per_node.gpus);
}

void fill(proto::SpecArray& out, const ArrayPlace& array) {
  out.set_id(array.id);
  out.set_index(array.index);
  out.set_count(array.count);
  out.set_lowest(array.lowest);
  out.set_highest(array.highest);
  out.set_step(array.step);
}

void fill_launch(proto::JobSpec& out, const LaunchRequest& launch) {
  for (const std::string& argument : launch.arguments) out.add_arguments(argument);
  out.set_script_name(launch.script_name);
  out.set_working_directory(launch.working_directory);
  out.set_output(launch.output);
  out.set_error(launch.error);
  out.set_input(launch.input);
  out.set_open_mode(static_cast<std::uint32_t>(launch.open_mode));
  out.set_umask(launch.umask);
  for (const ResourceLimit& limit : launch.limits) {
    proto::SpecLimit& added = *out.add_limits();
    added.set_resource(limit.resource);
    added.set_soft(limit.soft);
  }
}

}  // namespace

proto::JobSpec job_spec(const Prepare& prepare, const NodeSettings& node) {
  const JobRequest& request = *prepare.request;
  proto::JobSpec out;
  out.set_job(prepare.key.job.value);
  out.set_attempt(prepare.key.attempt.value);
  out.set_name(request.name);
  out.set_user(request.user);
  out.set_uid(request.uid);
  out.set_gid(request.gid);
  out.set_project(request.project);
  out.set_partition(prepare.partition);
  out.set_cluster_name(prepare.cluster_name);
  for (std::size_t i = 0; i < prepare.nodes.size(); ++i) fill(*out.add_nodes(), prepare.nodes[i]);
  out.set_this_node(prepare.this_node);
  proto::SpecNode& own = *out.mutable_nodes(static_cast<int>(prepare.this_node));
  own.clear_gpus();
  for (const std::size_t gpu : gpus_here(prepare.nodes[prepare.this_node], node.gpu_bus_ids)) {
    own.add_gpus(static_cast<std::uint32_t>(gpu));
  }
  if (node.shape) fill_places(own, *node.shape);
  if (node.containment.holders.any() ||
      node.containment.private_folders != contain::PrivateFolders::kNone) {
    *out.mutable_containment() = spec_of(node.containment, prepare.key, own);
  }
  out.set_kill_wait_ms(prepare.kill_wait.count());
  out.set_job_key(prepare.job_key);
  out.set_script(prepare.script);
  out.set_environment(prepare.environment);
  fill_launch(out, request.launch);
  out.set_interactive(request.interactive);
  for (const Component& component : request.components) fill(*out.add_components(), component);
  out.set_time_limit_s(request.time_limit.count());
  out.set_listen_host(node.listen_host);
  out.set_emulated(node.emulated);
  out.set_node_name(node.name);
  out.set_tree_width(node.tree_width);
  if (prepare.array) fill(*out.mutable_array(), *prepare.array);
  return out;
}

StepRecord step_record(const proto::StepEntry& entry) {
  return {
      .step = entry.step(),
      .name = entry.name(),
      .tasks = entry.tasks(),
      .nodes = entry.nodes(),
      .exit_code = entry.exit_code(),
      .signal = entry.signal(),
      .started = Time{Millis{entry.start_ms()}},
      .elapsed = Millis{entry.elapsed_ms()},
      .peak_memory_mib = entry.peak_memory_mib(),
      .use = {Millis{entry.cpu_ms()}, Millis{entry.gpu_seen_ms()}, Millis{entry.gpu_busy_ms()}, 0}};
}

Ended ended_report(const proto::EndRecord& record) {
  // A number that this version does not know can only mean that the end is not understood.
  const auto last = static_cast<std::uint32_t>(EndCause::kLost);
  const auto cause = static_cast<EndCause>(std::min(record.cause(), last));
  return {{JobId{record.job()}, AttemptNumber{record.attempt()}},
          {cause, record.exit_code(), record.signal(), record.message()},
          Millis{record.elapsed_ms()},
          record.peak_memory_mib(),
          {.cpu = Millis{record.cpu_ms()}},
          {},
          {{}, record.steps_left_out()}};
}

}  // namespace usine::agent
