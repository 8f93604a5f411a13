// What goes wrong in a simulated cluster, one thing after another as chance has it: processes die,
// nodes restart, die and are fenced, the network parts for shorter or longer than a lease, the disk
// refuses, preparations are slow or fail. Every fault is put right again after a while.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/node_host.h"
#include "sim/scheduler_host.h"

namespace usine::sim {

class Faults {
 public:
  Faults(SimulationParts parts, SchedulerHost& scheduler,
         std::vector<std::unique_ptr<NodeHost>>& nodes)
      : parts_(std::move(parts)), scheduler_(scheduler), nodes_(nodes) {}

  // One of them, now.
  void strike();

 private:
  void crash_scheduler();
  void spoil_commit();
  void crash_agent(NodeHost& node);
  void restart_node(NodeHost& node);
  void kill_node(NodeId id);
  void part(NodeId id);
  void drain(NodeId id);
  void fail_script(NodeId id);

  SimulationParts parts_;
  SchedulerHost& scheduler_;
  std::vector<std::unique_ptr<NodeHost>>& nodes_;
};

}  // namespace usine::sim
