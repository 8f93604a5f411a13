// Many agents in one process: each the production agent core with a connection, a back-off and
// heartbeats of its own, but no node behind it. All of them are driven by one thread, the caller's,
// through one completion queue.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::bench {

struct FleetPlan {
  std::string address;  // of the scheduler, host:port
  std::string secret;
  std::vector<std::string> nodes;
  std::shared_ptr<const NodeShape> shape;  // of each node
};

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace usine::bench
