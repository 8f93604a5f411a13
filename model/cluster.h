// What the configuration says a cluster is: node classes, nodes, the fabric, partitions and the
// timings of the life cycle. Made by the daemon from cluster.yaml, journalled whole, so that every
// decision can be replayed from the journal alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/order_and_limits.h"
#include "topology/fabric.h"
#include "topology/node_shape.h"

namespace usine {

struct NodeClass {
  std::string name;
  NodeShape shape;  // what a node of this class must have (B59)

  friend bool operator==(const NodeClass&, const NodeClass&) = default;
};

struct ConfiguredNode {
  std::string name;
  std::uint32_t node_class = 0;  // index in ClusterConfig::classes
  DomainId leaf;                 // the leaf switch it hangs on
  std::vector<std::string> features;

  friend bool operator==(const ConfiguredNode&, const ConfiguredNode&) = default;
};

struct Partition {
  std::string name;
  std::vector<NodeId> nodes;  // ascending
  Seconds time_limit_max{7 * 24 * 3600};
  bool is_default = false;
  Millis head_start{0};  // in the order of the queue
  GroupLimits limits;
  AccessList access;

  friend bool operator==(const Partition&, const Partition&) = default;
};

struct Timings {
  Millis heartbeat{10'000};
  Millis lease{60'000};
  Millis prepare{10'000};    // a gang that has not prepared by then is released
  Millis kill_wait{30'000};  // between TERM and KILL
  Millis keep_finished{
      300'000};  // a finished job stays in `usine show job` that long; history keeps it
  Millis requeue_delay{1'000};  // doubled with each requeue of a job, at most 64 times
  std::uint32_t requeue_max = 5;

  friend bool operator==(const Timings&, const Timings&) = default;
};

// What users are not shown of others; operators see everything.
struct PrivateData {
  bool jobs = false;     // in the queue, by their ids, and in explanations
  bool history = false;  // finished jobs
  bool reports = false;  // who uses how much of a partition, QOS or project

  friend bool operator==(const PrivateData&, const PrivateData&) = default;
};

struct ClusterConfig {
  std::string name;
  Fabric fabric;
  std::vector<NodeClass> classes;
  std::vector<ConfiguredNode> nodes;  // NodeId is the index
  std::vector<Partition> partitions;  // PartitionId is the index; exactly one is the default
  Timings timings;
  std::vector<std::string> operators;  // users who may change nodes and other people's jobs
  PrioritySettings priority;
  std::vector<Qos> qos;           // QosId is the index; empty: one without a name, for everybody
  std::vector<Project> projects;  // empty: every project name is accepted
  AmountLimits user_limits;       // of each user, whatever the partition, QOS and project
  JobMaxima job_maxima;
  bool cancel_if_never = false;  // jobs whose dependencies can never be met any more (B11)
  PrivateData private_data;

  friend bool operator==(const ClusterConfig&, const ClusterConfig&) = default;
};

template <typename A>
void fields(A& a, NodeClass& v) {
  a(v.name, v.shape);
}
template <typename A>
void fields(A& a, ConfiguredNode& v) {
  a(v.name, v.node_class, v.leaf, v.features);
}
template <typename A>
void fields(A& a, Partition& v) {
  a(v.name, v.nodes, v.time_limit_max, v.is_default, v.head_start, v.limits, v.access);
}
template <typename A>
void fields(A& a, Timings& v) {
  a(v.heartbeat, v.lease, v.prepare, v.kill_wait, v.keep_finished, v.requeue_delay, v.requeue_max);
}
template <typename A>
void fields(A& a, PrivateData& v) {
  a(v.jobs, v.history, v.reports);
}
template <typename A>
void fields(A& a, ClusterConfig& v) {
  a(v.name, v.fabric, v.classes, v.nodes, v.partitions, v.timings, v.operators, v.priority, v.qos,
    v.projects, v.user_limits, v.job_maxima, v.cancel_if_never, v.private_data);
}

}  // namespace usine
