// The parts of a simulated cluster, put together: what a simulation runs with chance and a scenario
// test drives by hand. Nothing happens but by step() and run_for().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/node_host.h"
#include "sim/scheduler_host.h"
#include "sim/story.h"
#include "sim/witness.h"

namespace usine::sim {

class Cluster {
 public:
  static constexpr Time kStart{Millis{24 * 3'600 * 1'000}};

  Cluster(std::uint64_t seed, std::shared_ptr<const ClusterConfig> config);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void start();
  // The next thing that is due by `until`; false: there is none.
  bool step(Time until) { return agenda_.step(until); }
  void run_for(Millis duration);

  [[nodiscard]] SimulationParts parts() { return parts_; }
  [[nodiscard]] SchedulerHost& scheduler() { return scheduler_; }
  [[nodiscard]] std::vector<std::unique_ptr<NodeHost>>& nodes() { return nodes_; }

 private:
  Agenda agenda_{kStart};
  Chance chance_;
  MemoryJournal journal_;
  Witness witness_;
  Story story_;
  Network network_;
  SimulationParts parts_;
  SchedulerHost scheduler_;
  std::vector<std::unique_ptr<NodeHost>> nodes_;
};

}  // namespace usine::sim
