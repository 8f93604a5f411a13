#include "agent/core/launch_environment.h"

#include <utility>

#include "agent/core/launch_mpirun.h"
#include "common/hostlist.h"

namespace usine::agent {
namespace {

std::string comma_list(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) {
    text += (text.empty() ? "" : ",") + std::to_string(number);
  }
  return text;
}

std::string comma_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string node_list(const std::vector<LaunchNode>& nodes) {
  std::vector<std::string> names;
  for (const LaunchNode& node : nodes) names.push_back(node.name);
  return compress_hostlist(names);
}

// Node names of a step, which may leave out nodes of its job.
std::string node_list(const LaunchJob& job, const StepLayout& layout) {
  std::vector<std::string> names;
  for (const StepLayout::Node& node : layout.nodes) names.push_back(job.nodes[node.job_node].name);
  return compress_hostlist(names);
}

void set_array(const ArrayPlace& array, Environment& environment) {
  for (const std::string family : {"USINE_ARRAY_", "SLURM_ARRAY_"}) {
    environment.set(family + "JOB_ID", array.id);
    environment.set(family + "TASK_ID", array.index);
    environment.set(family + "TASK_COUNT", array.count);
    environment.set(family + "TASK_MIN", array.lowest);
    environment.set(family + "TASK_MAX", array.highest);
    environment.set(family + "TASK_STEP", array.step);
  }
}

void set_identity(const LaunchJob& job, Environment& environment) {
  environment.set("USINE_JOB_ID", job.key.job.value);
  environment.set("USINE_ATTEMPT", job.key.attempt.value);
  environment.set("USINE_JOB_NAME", job.name);
  environment.set("USINE_CLUSTER", job.cluster);
  environment.set("USINE_PARTITION", job.partition);
  environment.set("USINE_PROJECT", job.project);
  environment.set("SLURM_JOB_ID", job.key.job.value);
  environment.set("SLURM_JOBID", job.key.job.value);
  environment.set("SLURM_JOB_NAME", job.name);
  environment.set("SLURM_CLUSTER_NAME", job.cluster);
  environment.set("SLURM_JOB_PARTITION", job.partition);
  environment.set("SLURM_JOB_ACCOUNT", job.project);
  environment.set("SLURM_JOB_USER", job.user);
  environment.set("SLURM_JOB_UID", job.uid);
  environment.set("SLURM_JOB_GID", job.gid);
  environment.set("SLURM_SUBMIT_DIR", job.working_directory);
  environment.erase("SLURM_RESTART_COUNT");
  if (job.key.attempt.value > 1) {
    environment.set("SLURM_RESTART_COUNT", job.key.attempt.value - 1);
  }
  if (job.array) set_array(*job.array, environment);
}

void set_resources(const LaunchJob& job, Environment& environment) {
  std::vector<std::uint32_t> cores;
  for (const LaunchNode& node : job.nodes) cores.push_back(node.cores);
  const LaunchNode& node = job.node();
  const std::string names = node_list(job.nodes);
  const std::string gpus = comma_list(node.gpus);
  environment.set("USINE_NODES", names);
  environment.set("USINE_NODE_NAME", node.name);
  environment.set("USINE_NICS", comma_list(node.nics));
  environment.set("USINE_LEAF", node.leaf);
  environment.set("SLURM_JOB_NODELIST", names);
  environment.set("SLURM_NODELIST", names);
  environment.set("SLURM_JOB_NUM_NODES", job.nodes.size());
  environment.set("SLURM_NNODES", job.nodes.size());
  environment.set("SLURM_JOB_CPUS_PER_NODE", repeated_counts(cores));
  environment.set("SLURM_CPUS_ON_NODE", node.cores);
  environment.set("SLURM_MEM_PER_NODE", static_cast<std::uint64_t>(node.memory_mib));
  environment.set("SLURMD_NODENAME", node.name);
  environment.set("SLURM_GPUS_ON_NODE", node.gpus.size());
  environment.set("SLURM_JOB_GPUS", gpus);
  // Set also where it is empty: a job that was given no GPU sees none.
  environment.set("CUDA_VISIBLE_DEVICES", gpus);
}

// `cores_per_task` of the tasks on this node.
void set_tasks(const LaunchJob& job, const StepLayout& layout, std::uint32_t cores_per_task,
               Environment& environment) {
  const LaunchComponent& component = job.components[job.node().component];
  environment.set("SLURM_NTASKS", layout.tasks());
  environment.set("SLURM_NPROCS", layout.tasks());
  environment.set("SLURM_NTASKS_PER_NODE", component.tasks_per_node);
  environment.set("SLURM_TASKS_PER_NODE", layout.tasks_per_node_text());
  environment.set("SLURM_CPUS_PER_TASK", cores_per_task);
}

// Of a job of several parts: how many, and the nodes of each, by Slurm's names.
void set_parts(const LaunchJob& job, Environment& environment) {
  if (job.components.size() < 2) return;
  environment.set("SLURM_HET_SIZE", job.components.size());
  for (std::size_t part = 0; part < job.components.size(); ++part) {
    std::vector<std::string> names;
    for (const LaunchNode& node : job.nodes) {
      if (node.component == part) names.push_back(node.name);
    }
    const std::string group = "_HET_GROUP_" + std::to_string(part);
    environment.set("SLURM_JOB_NODELIST" + group, compress_hostlist(names));
    environment.set("SLURM_JOB_NUM_NODES" + group, names.size());
    environment.set("SLURM_NTASKS" + group, job.components[part].tasks);
  }
}

void set_meeting(const MeetingPoint& meeting, Environment& environment) {
  environment.set("MASTER_ADDR", meeting.address);
  environment.set("MASTER_PORT", meeting.port);
}

// A job submitted from inside another carries that one's place, which would mislead a program that
// looks whether it was started as a rank.
void forget_outer_rank(Environment& environment) {
  for (const char* const name :
       {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK", "SLURM_STEP_ID",
        "SLURM_STEPID", "SLURM_STEP_NODELIST", "SLURM_STEP_NUM_NODES", "SLURM_STEP_NUM_TASKS",
        "SLURM_STEP_TASKS_PER_NODE", "USINE_STEP_ID", "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"}) {
    environment.erase(name);
  }
  for (const std::string family : {"USINE_ARRAY_", "SLURM_ARRAY_"}) {
    for (const char* const name :
         {"JOB_ID", "TASK_ID", "TASK_COUNT", "TASK_MIN", "TASK_MAX", "TASK_STEP"}) {
      environment.erase(family + name);
    }
  }
}

}  // namespace

Environment::Environment(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    values_[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
}

std::string Environment::get(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

std::vector<std::string> Environment::entries() const {
  std::vector<std::string> entries;
  for (const auto& [name, value] : values_) entries.push_back(name + '=' + value);
  return entries;
}

std::vector<std::string> split_environment(std::string_view blob) {
  std::vector<std::string> entries;
  while (!blob.empty()) {
    const std::size_t end = std::min(blob.find('\0'), blob.size());
    entries.emplace_back(blob.substr(0, end));
    blob.remove_prefix(std::min(end + 1, blob.size()));
  }
  return entries;
}

Environment job_environment(const LaunchJob& job, std::vector<std::string> base,
                            const MeetingPoint& meeting) {
  Environment environment(base);
  forget_outer_rank(environment);
  set_identity(job, environment);
  set_resources(job, environment);
  set_parts(job, environment);
  set_meeting(meeting, environment);
  environment.set("USINE_SHEPHERD", job.folder + "/shepherd.sock");
  environment.set("TMPDIR", job.temporary);
  return environment;
}

Environment batch_environment(const LaunchJob& job, const MeetingPoint& meeting) {
  Environment environment = job_environment(job, job.environment, meeting);
  // A job that was placed is one that can be laid out as it asked.
  if (const auto layout = lay_out_step(job, {})) {
    set_tasks(job, *layout, job.components[job.node().component].cores_per_task, environment);
  }
  environment.set("SLURM_NODEID", job.this_node);
  environment.set("SLURM_PROCID", 0);
  environment.set("SLURM_LOCALID", 0);
  set_mpirun(job, environment);
  return environment;
}

Environment outside_environment(const LaunchJob& job, const MeetingPoint& meeting) {
  Environment environment = job_environment(job, {}, meeting);
  for (const char* const name : {"USINE_NODE_NAME", "USINE_NICS", "USINE_LEAF", "USINE_SHEPHERD",
                                 "SLURMD_NODENAME", "SLURM_CPUS_ON_NODE", "SLURM_GPUS_ON_NODE",
                                 "SLURM_JOB_GPUS", "CUDA_VISIBLE_DEVICES", "TMPDIR"}) {
    environment.erase(name);
  }
  if (const auto layout = lay_out_step(job, {})) {
    set_tasks(job, *layout, job.components[job.node().component].cores_per_task, environment);
  }
  return environment;
}

Environment task_environment(const LaunchJob& job, std::vector<std::string> base,
                             const MeetingPoint& meeting, const TaskPlace& place) {
  Environment environment = job_environment(job, std::move(base), meeting);
  const StepLayout& layout = place.layout;
  const std::string names = node_list(job, layout);
  set_tasks(job, layout, layout.nodes[place.node].cores_per_task, environment);
  environment.set("USINE_STEP_ID", place.step);
  // By this name Open MPI knows a rank that srun started, and fails where no PMIx server is; a rank
  // that is alone has none (StepTasks) and runs as a singleton without the name.
  if (layout.tasks() > 1) environment.set("SLURM_STEP_ID", place.step);
  environment.set("SLURM_STEPID", place.step);
  environment.set("SLURM_STEP_NODELIST", names);
  environment.set("SLURM_STEP_NUM_NODES", layout.nodes.size());
  environment.set("SLURM_STEP_NUM_TASKS", layout.tasks());
  environment.set("SLURM_STEP_TASKS_PER_NODE", layout.tasks_per_node_text());
  environment.set("SLURM_NODEID", place.node);
  environment.set("SLURM_PROCID", place.rank());
  environment.set("SLURM_LOCALID", place.local_rank);
  environment.set("RANK", place.rank());
  environment.set("WORLD_SIZE", layout.tasks());
  environment.set("LOCAL_RANK", place.local_rank);
  environment.set("LOCAL_WORLD_SIZE", layout.nodes[place.node].tasks());
  environment.set("NODE_RANK", place.node);
  environment.set("SLURM_STEP_GPUS", comma_list(place.step_gpus));
  environment.set("SLURM_GPUS_ON_NODE", place.step_gpus.size());
  environment.set("CUDA_VISIBLE_DEVICES", comma_list(place.gpus));
  return environment;
}

}  // namespace usine::agent
