#include "scheduler/core/messages.h"

#include <utility>
#include <vector>

#include "common/hostlist.h"
#include "scheduler/core/preemption_rules.h"

namespace usine {

JobNode job_node(const State& state, const NodeShare& share) {
  const ConfiguredNode& configured = state.config->nodes[share.node.value];
  const NodeShape& shape = state.shape_of(share.node);
  JobNode node;
  node.name = configured.name;
  node.cores = share.cores;
  node.gpus = share.gpus;
  node.nics = share.nics;
  node.memory_mib = share.memory_mib;
  node.component = share.component;
  node.leaf = state.config->fabric.domains[configured.leaf.value].name;
  // A node may have come back with less than an old allocation names (B59).
  for (const std::size_t core : share.cores) {
    if (core >= shape.cores.size()) break;
    const std::vector<std::uint32_t>& pus = shape.cores[core].pus;
    node.pus.insert(node.pus.end(), pus.begin(), pus.end());
  }
  for (const std::size_t gpu : share.gpus) {
    if (gpu < shape.gpus.size()) node.gpu_bus_ids.push_back(shape.gpus[gpu].bus_id);
  }
  for (const std::size_t nic : share.nics) {
    if (nic < shape.nics.size()) node.nic_names.push_back(shape.nics[nic].name);
  }
  return node;
}

std::string node_list(const State& state, const Allocation& allocation) {
  std::vector<std::string> names;
  names.reserve(allocation.nodes.size());
  for (const NodeShare& share : allocation.nodes) names.push_back(state.node_name(share.node));
  return compress_hostlist(names);
}

JobNodes job_nodes(const State& state, const Job& job) {
  std::vector<JobNode> nodes;
  nodes.reserve(job.attempt->allocation.nodes.size());
  for (const NodeShare& share : job.attempt->allocation.nodes) {
    nodes.push_back(job_node(state, share));
  }
  return JobNodes(nodes);
}

Prepare prepare_message(const State& state, const Job& job, std::uint32_t index,
                        const JobNodes& nodes) {
  Prepare message;
  message.key = {job.id, job.attempt->number};
  message.epoch = state.epoch;
  message.request = job.request;
  message.this_node = index;
  message.kill_wait = state.config->timings.kill_wait;
  message.partition = state.config->partitions[job.partition.value].name;
  message.cluster_name = state.config->name;
  if (job.is_task()) {
    const ArraySpec& array = *job.request->array;
    message.array = ArrayPlace{job.array_id.value, job.array_index, array.count(),
                               array.lowest(),     array.highest(), array.step()};
  }
  message.nodes = nodes;
  return message;
}

Start start_message(const State& state, const Job& job, std::uint32_t index) {
  Start message;
  message.key = {job.id, job.attempt->number};
  message.epoch = state.epoch;
  if (index != 0) return message;
  for (const AttemptNode& node : job.attempt->nodes) message.peers.push_back(node.address);
  return message;
}

Signal signal_message(const State& state, const Job& job) {
  return {
      {job.id, job.attempt->number}, state.epoch, job.attempt->signals, job.attempt->last_signal};
}

Suspend suspend_message(const State& state, const Job& job) {
  return {{job.id, job.attempt->number}, state.epoch, job.attempt->suspended.has_value()};
}

Stop stop_message(const State& state, const Job& job) {
  Stop message;
  message.key = {job.id, job.attempt->number};
  message.epoch = state.epoch;
  if (job.attempt->started) message.grace = grace_of(*state.config, job);
  return message;
}

}  // namespace usine
