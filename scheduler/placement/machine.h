// What is free on every node, as placement works on it: a mirror of the planner's replica that
// books tentatively while a pass looks for room and rolls back afterwards. Nodes are grouped by the
// leaf switch they hang on. Owned by the planner; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "model/allocation.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

// The free share of one node.
struct NodeFree {
  CoreSet cores;
  GpuSet gpus;
  std::int64_t memory_mib = 0;
  std::uint32_t core_count = 0;
  std::uint32_t gpu_count = 0;
  std::uint32_t jobs = 0;
  bool takes_work = false;
};

struct Leaf {
  DomainId domain;
  std::vector<NodeId> nodes;  // by name
};

class Machine {
 public:
  // `state` is the planner's replica and outlives the machine.
  explicit Machine(const State& state);

  // Takes everything anew, as after a change of the configuration.
  void rebuild();
  // Takes one node's share anew; the undo log must be empty.
  void refresh(NodeId node);

  [[nodiscard]] const State& state() const { return *state_; }
  [[nodiscard]] const NodeFree& free(NodeId node) const { return free_[node.value]; }
  [[nodiscard]] const std::vector<Leaf>& leaves() const { return leaves_; }  // by name
  [[nodiscard]] bool in_partition(NodeId node, PartitionId partition) const {
    return partitions_[partition.value][node.value];
  }

  // A gang is tried as a transaction: mark, book share by share, roll back where it does not fit.
  [[nodiscard]] std::size_t mark() const { return undo_.size(); }
  void book(const NodeShare& share);
  // As if the share had come free, to see what would fit then.
  void give_back(const NodeShare& share);
  void roll_back(std::size_t mark);

 private:
  struct Undo {
    NodeId node;
    NodeFree before;
  };

  const State* state_;
  std::vector<NodeFree> free_;  // by node
  std::vector<Leaf> leaves_;
  std::vector<std::vector<bool>> partitions_;  // by partition, then node
  std::vector<Undo> undo_;
};

}  // namespace usine
