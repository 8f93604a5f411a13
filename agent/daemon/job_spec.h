// From what the scheduler says of an attempt to what its shepherd reads. Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/containment.h"
#include "model/agent_messages.h"
#include "proto/shepherd.pb.h"
#include "topology/node_shape.h"

namespace usine::agent {

// What this node adds to every job.
struct NodeSettings {
  std::string name;
  std::string listen_host;
  bool emulated = false;
  // Its GPUs in the order of its driver, which CUDA_VISIBLE_DEVICES counts by. The scheduler counts
  // by the class of the node, where a lost one leaves a hole.
  std::vector<std::string> gpu_bus_ids{};
  Containment containment{};
  std::uint32_t tree_width = 0;  // lines from one shepherd to others in a step; 0: its default
  std::shared_ptr<const NodeShape> shape{};  // as found here; null: not known
};

[[nodiscard]] proto::JobSpec job_spec(const Prepare& prepare, const NodeSettings& node);

[[nodiscard]] StepRecord step_record(const proto::StepEntry& entry);

[[nodiscard]] Ended ended_report(const proto::EndRecord& record);

}  // namespace usine::agent
