// What is free on every node now and, by its timeline, later, as placement works on it: a mirror of
// the planner's replica that books tentatively while a pass looks for room and rolls back
// afterwards. Beside the free shares it keeps the counts of Room, so that most questions need no
// look at nodes. Owned by the planner; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/ids.h"
#include "model/allocation.h"
#include "scheduler/core/state.h"
#include "scheduler/placement/domain_tree.h"
#include "scheduler/placement/pools.h"
#include "scheduler/placement/room.h"
#include "scheduler/placement/shape_table.h"
#include "scheduler/timeline/timeline.h"

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

  friend bool operator==(const NodeFree&, const NodeFree&) = default;
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
  [[nodiscard]] const Pools& pools() const { return pools_; }
  [[nodiscard]] const DomainTree& tree() const { return tree_; }
  // Of the nodes that take work and are not claimed.
  [[nodiscard]] const Room& room() const { return room_; }
  [[nodiscard]] const NodeFree& free(NodeId node) const { return free_[node.value]; }
  [[nodiscard]] const ShapeTable& table(NodeId node) const {
    const auto& own = own_tables_[node.value];
    return own ? own->table : class_tables_[state_->config->nodes[node.value].node_class];
  }

  // A gang is tried as a transaction: mark, book share by share, roll back where it does not fit.
  [[nodiscard]] std::size_t mark() const { return undo_.size(); }
  void book(const NodeShare& share);
  // As if the job that has this share had left.
  void release(const NodeShare& share);
  void roll_back(std::size_t mark);

  // ---- what comes later
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }
  void add_release(JobId job, Time at, const NodeShare& share) {
    timeline_.add_release(job, at, share);
  }
  void remove_release(JobId job, NodeId node) { timeline_.remove_release(job, node); }
  // A claimed node does not count in room(): only what leaves the claim alone may use it.
  void add_claim(NodeId node, const Timeline::Claim& claim);
  void remove_claims(const Party& party, NodeId node);
  [[nodiscard]] bool is_claimed(NodeId node) const { return timeline_.is_claimed(node); }

 private:
  struct Undo {
    NodeId node;
    NodeFree before;
  };
  // Of a shape that an agent reported, where it is not its class's.
  struct OwnTable {
    std::shared_ptr<const NodeShape> shape;
    ShapeTable table;
  };

  [[nodiscard]] NodeRoom room_of(NodeId node) const;
  void say_room(NodeId node, const NodeRoom& before);
  void set(NodeId node, const NodeFree& free);
  void find_table(NodeId node);

  const State* state_;
  Pools pools_;
  DomainTree tree_;
  Room room_;
  Timeline timeline_;
  std::vector<NodeFree> free_;                         // by node
  std::vector<ShapeTable> class_tables_;               // by class
  std::vector<std::unique_ptr<OwnTable>> own_tables_;  // by node; null: as its class
  std::vector<Undo> undo_;
};

}  // namespace usine
