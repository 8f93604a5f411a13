// A request as placement reads it: for each component the pools whose nodes may hold its share and
// the nodes that it names, worked out once for all jobs that ask for the same. Holds until the
// configuration changes. Pure value.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/ids.h"
#include "model/constraint.h"
#include "model/request.h"
#include "scheduler/placement/machine.h"
#include "scheduler/timeline/timeline.h"

namespace usine {

// Some nodes of a component: all of them, or as many as need features of their own.
struct PartDemand {
  std::uint32_t nodes = 0;
  std::vector<std::uint32_t> pools;  // ascending: whose nodes could hold the share
  std::vector<bool> pool_fits;       // by pool, the same
};

struct ComponentDemand {
  const Component* asked = nullptr;           // lies in Demand::request
  TopologyRequest topology;                   // asked->topology, or what is left of it
  std::vector<std::vector<PartDemand>> ways;  // to be tried in this order; never empty
  std::vector<NodeId> named;                  // --nodelist, ascending
  std::vector<NodeId> excluded;               // --exclude, ascending
};

struct Demand {
  std::shared_ptr<const JobRequest> request;
  PartitionId partition;
  std::vector<ComponentDemand> components;
  std::uint32_t nodes = 0;  // of all components
  std::uint64_t gpus = 0;
};

// Whether a job still waits for as few switches as it asked for, or has waited long enough (B48).
enum class Switches : std::uint8_t { kAsAsked = 0, kAny = 1 };

[[nodiscard]] Demand make_demand(const Machine& machine, PartitionId partition,
                                 std::shared_ptr<const JobRequest> request, Switches switches);

// Whether the free part of a node holds the component's share.
[[nodiscard]] bool share_fits(const NodeFree& free, const ShapeTable& table,
                              const Component& component);

// The size of the component's share on a node of that shape.
[[nodiscard]] Amount share_amount(const ShapeTable& table, const Component& component);

}  // namespace usine
