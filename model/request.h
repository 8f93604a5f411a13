// What a user asks for: a list of components, usually one, each so many nodes of a like share, and
// what directs the job (name, time, output, environment). Immutable once submitted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "model/array_spec.h"
#include "model/constraint.h"
#include "model/dependency.h"
#include "model/signal_request.h"
#include "model/topology_request.h"

namespace usine {

// The share of one node that a component takes on each of its nodes.
struct NodeDemand {
  static constexpr std::int64_t kAllMemory = -1;  // --mem=0: all memory that the node has

  std::uint32_t cores = 1;
  std::uint32_t gpus = 0;
  std::int64_t memory_mib = 0;  // 0: in proportion to the cores taken; or kAllMemory
  std::string gpu_type;         // empty: any; else fits_gpu_type(GpuShape::model, gpu_type)

  friend bool operator==(const NodeDemand&, const NodeDemand&) = default;
};

struct Component {
  std::uint32_t nodes = 1;
  std::uint32_t tasks_per_node = 1;
  std::uint32_t tasks = 1;  // in all; at most nodes * tasks_per_node
  std::uint32_t cores_per_task = 1;
  NodeDemand per_node;
  bool exclusive = false;                   // whole nodes, whatever per_node says
  std::vector<std::string> only_nodes;      // --nodelist: names that must be among the nodes
  std::vector<std::string> excluded_nodes;  // --exclude
  Constraint constraint;                    // --constraint: features of its nodes
  TopologyRequest topology;                 // --topology, --switches, --segment
  // No number of nodes was asked for: per_node and tasks_per_node are those of the whole component,
  // which the scheduler divides over the fewest nodes that hold it when it takes the job. A job in
  // the state never has this.
  bool any_nodes = false;
  bool cores_divide = false;    // with any_nodes: cores were asked for by GPU
  bool memory_divides = false;  // with any_nodes: memory was asked for by core or by GPU

  friend bool operator==(const Component&, const Component&) = default;
};

enum class OpenMode : std::uint8_t { kTruncate = 0, kAppend = 1 };

// Resource limits of the submitting shell, by the numbers of <sys/resource.h>; kNoLimit for none.
struct ResourceLimit {
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  std::int32_t resource = 0;
  std::uint64_t soft = kNoLimit;

  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

// What the job's processes see. Script and environment are blobs, named by SHA-256 (hex), which the
// store keeps outside the state.
struct LaunchRequest {
  std::string script_hash;
  std::string environment_hash;        // NAME=VALUE entries, each ended by a NUL byte
  std::vector<std::string> arguments;  // of the script, after its name
  std::string script_name;             // as the user wrote it, for messages
  std::string working_directory;
  std::string output;  // file pattern (%j %x %u %N %t %A %a %%); empty: usine-%j.out
  std::string error;   // empty: with output
  std::string input;   // empty: /dev/null
  OpenMode open_mode = OpenMode::kTruncate;
  std::uint32_t umask = 022;
  std::vector<ResourceLimit> limits;

  friend bool operator==(const LaunchRequest&, const LaunchRequest&) = default;
};

struct JobRequest {
  std::string name;
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string project;    // empty: the user's default project
  std::string partition;  // empty: the default partition
  std::string qos;        // empty: the default one
  std::string comment;
  std::vector<Component> components;
  Seconds time_limit{3600};
  std::optional<Time> begin;     // not before
  std::optional<Time> deadline;  // not started when it could not end by then
  std::int32_t priority = 0;     // higher goes first; only operators may go above 0
  bool hold = false;
  bool requeue = true;            // after a node failure; false: NODE_FAIL ends it (B44)
  bool requeue_unfenced = false;  // --requeue=unfenced: does not wait for the lost node
  // --requeue=expedite: after the loss of a node it goes first, the nodes that are left are kept
  // for it, and the lost one is not used again; a script that fails is put back and held (B42).
  bool requeue_expedite = false;
  std::string idempotency_key;          // empty: none
  bool interactive = false;             // `usine run` outside a job: its client is the head
  Dependencies dependencies;            // what it waits for in other jobs
  std::optional<bool> cancel_if_never;  // where those cannot be met any more; none: as configured
  std::string reservation;              // --reservation: runs on its nodes only; empty: none
  std::optional<ArraySpec> array;       // --array: its tasks, each of them as asked for here
  std::optional<EndWarning> warning;    // --signal: what it hears before its time limit
  LaunchRequest launch;

  [[nodiscard]] std::uint32_t total_nodes() const;
  [[nodiscard]] std::uint64_t total_gpus() const;
  friend bool operator==(const JobRequest&, const JobRequest&) = default;
};

// Bounds on what one request may hold, checked at submission and named when exceeded.
inline constexpr std::size_t kComponentsMax = 64;
inline constexpr std::size_t kArgumentsMax = 10'000;
inline constexpr std::size_t kScriptBytesMax = 4u << 20;
inline constexpr std::size_t kEnvironmentBytesMax = 2u << 20;
inline constexpr std::size_t kNameBytesMax = 256;

// The first fault of a request in itself (no component, zero nodes, too long a name, ...), without
// regard to any cluster. Error: kInvalid with the limit named.
[[nodiscard]] Status check_request(const JobRequest& request);

// Whether a GPU of that model is of the type that a user wrote: "h100" and "H100" fit
// "NVIDIA H100 80GB HBM3"; an empty type fits every model.
[[nodiscard]] bool fits_gpu_type(std::string_view model, std::string_view type);

template <typename A>
void fields(A& a, NodeDemand& v) {
  a(v.cores, v.gpus, v.memory_mib, v.gpu_type);
}
template <typename A>
void fields(A& a, Component& v) {
  a(v.nodes, v.tasks_per_node, v.tasks, v.cores_per_task, v.per_node, v.exclusive, v.only_nodes,
    v.excluded_nodes, v.constraint, v.topology, v.any_nodes, v.cores_divide, v.memory_divides);
}
template <typename A>
void fields(A& a, ResourceLimit& v) {
  a(v.resource, v.soft);
}
template <typename A>
void fields(A& a, LaunchRequest& v) {
  a(v.script_hash, v.environment_hash, v.arguments, v.script_name, v.working_directory, v.output,
    v.error, v.input, v.open_mode, v.umask, v.limits);
}
template <typename A>
void fields(A& a, JobRequest& v) {
  a(v.name, v.user, v.uid, v.gid, v.project, v.partition, v.qos, v.deadline, v.comment,
    v.components, v.time_limit, v.begin, v.priority, v.hold, v.requeue, v.requeue_unfenced,
    v.requeue_expedite, v.idempotency_key, v.interactive, v.dependencies, v.cancel_if_never,
    v.reservation, v.array, v.warning, v.launch);
}

}  // namespace usine
