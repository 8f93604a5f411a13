// Many agents in one process: each the production agent core with a connection, a back-off and
// heartbeats of its own, but no node behind it: its jobs' shepherds are ready at once, and a job's
// script ends well the moment it starts. All of them are driven by one thread, the caller's,
// through one completion queue.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/scheduling/own_scheduler.h"
#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::bench {

struct FleetPlan {
  std::string address;  // of the scheduler, host:port
  std::string secret;
  std::vector<std::string> nodes;
  std::shared_ptr<const NodeShape> shape;    // of each node
  std::function<void()> script_starts = {};  // called on the head's node of each job
};

// All nodes of that scheduler's configuration. Errors: those of reading its folder.
[[nodiscard]] Result<FleetPlan> plan_for(const OwnScheduler& scheduler);

class AgentFleet {
 public:
  explicit AgentFleet(FleetPlan plan);
  AgentFleet(const AgentFleet&) = delete;
  AgentFleet& operator=(const AgentFleet&) = delete;
  ~AgentFleet();

  // Lives until `enough`, asked after each thing that happens, or for `longest`; whether it was
  // enough.
  bool live_until(const std::function<bool()>& enough, std::chrono::milliseconds longest);

  // Agents that the scheduler has welcomed on the stream that they have now.
  [[nodiscard]] std::size_t welcomed() const;
  // Attempts to connect so far, of all agents.
  [[nodiscard]] std::size_t attempts() const;
  // Attempts of jobs that agents still have in hand: one for each node of each.
  [[nodiscard]] std::size_t jobs_in_hand() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace usine::bench
