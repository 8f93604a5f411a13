// Values that tests of the agent start from, so that each states only what matters to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/agent_messages.h"

namespace usine::test {

[[nodiscard]] inline AttemptKey key(std::uint64_t job, std::uint32_t attempt = 1) {
  return {JobId{job}, AttemptNumber{attempt}};
}

// A node of two cores without devices.
[[nodiscard]] inline std::shared_ptr<const NodeShape> small_shape() {
  NodeShape shape;
  shape.name = "small";
  shape.numa_nodes.push_back({.os_index = 0, .package = 0, .memory_mib = 1'024});
  shape.cores = {{0, 0, {0}}, {0, 0, {1}}};
  return std::make_shared<const NodeShape>(std::move(shape));
}

[[nodiscard]] inline Welcome welcome(std::vector<AttemptKey> keep = {}, std::uint64_t epoch = 1) {
  return {"cluster-a", Epoch{epoch}, NodeId{0}, Millis{10'000}, Millis{60'000}, std::move(keep)};
}

// One node, one core, a script that does nothing.
[[nodiscard]] inline Prepare prepare(AttemptKey attempt, std::uint64_t epoch = 1) {
  JobRequest request;
  request.name = "test";
  request.components.emplace_back();
  Prepare message;
  message.key = attempt;
  message.epoch = Epoch{epoch};
  message.request = std::make_shared<const JobRequest>(std::move(request));
  JobNode node;
  node.name = "node001";
  node.cores = CoreSet::first(1);
  node.pus = {0};
  message.nodes = JobNodes({node});
  message.kill_wait = Millis{5'000};
  message.job_key = "the job's key";
  message.script = "#!/bin/sh\n";
  return message;
}

[[nodiscard]] inline Ended exited(AttemptKey attempt, int exit_code = 0) {
  return {attempt, {EndCause::kExited, exit_code, 0, {}}, Millis{7}, 1};
}

}  // namespace usine::test
