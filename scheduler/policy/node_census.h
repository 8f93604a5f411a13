// Which rules keep a job's component from which nodes of its partition, how many nodes it could
// have now, and who holds the others: the numbers behind an explanation. Looks at every node of the
// partition once; for questions, not for planning. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/request.h"
#include "scheduler/core/state.h"
#include "scheduler/policy/holders.h"

namespace usine {

enum class NodeRule : std::uint8_t {
  kTooSmall = 0,  // it could never hold the share
  kExcluded = 1,
  kFeatures = 2,  // it has not those that each node needs
  kDown = 3,
  kDrained = 4,
  kReserved = 5,  // kept for a reservation that the job is not in
  kClaimed = 6,   // kept for a job whose victims are leaving
  kInUse = 7,     // not wholly idle, for a job that wants whole nodes
  kGpus = 8,
  kCores = 9,
  kMemory = 10,
};
inline constexpr std::size_t kNodeRules = 11;

[[nodiscard]] std::string_view to_string(NodeRule rule);  // "too_small": the JSON's word

// Sets of rules, by bits.
using NodeRules = std::uint32_t;
[[nodiscard]] constexpr NodeRules bit(NodeRule rule) {
  return NodeRules{1} << static_cast<unsigned>(rule);
}

struct NodeCensus {
  std::uint32_t asked = 0;  // nodes
  std::uint32_t partition_nodes = 0;
  std::map<NodeRules, std::uint32_t> counts;  // nodes by all the rules that they fail
  std::vector<NodeId> free;                   // those that fail none, ascending
  std::vector<Holder> holders;                // of nodes that would do if idle; most GPUs first

  // Nodes that fail this rule, whatever else they fail.
  [[nodiscard]] std::uint32_t failing(NodeRule rule) const;
  // Nodes that pass all of these rules.
  [[nodiscard]] std::uint32_t passing(NodeRules rules) const;
};

[[nodiscard]] NodeCensus take_census(const State& state, const Job& job, const Component& component,
                                     Time now);

// The rules that `node` fails now.
class NodeJudge {
 public:
  NodeJudge(const State& state, const Job& job, const Component& component, Time now);

  [[nodiscard]] NodeRules failed_by(NodeId node) const;

 private:
  struct ShapeVerdict {
    bool could_hold = false;
    GpuSet gpus;  // of the type asked for
    std::int64_t memory_mib = 0;
  };

  [[nodiscard]] ShapeVerdict judge(const NodeShape& shape) const;
  [[nodiscard]] NodeRules busy(const Node& node, const ShapeVerdict& verdict) const;
  [[nodiscard]] bool is_claimed(NodeId node) const;

  const State& state_;
  const Job& job_;
  const Component& component_;
  std::vector<ShapeVerdict> classes_;
  std::vector<bool> excluded_;       // by node; empty: none
  std::vector<bool> closed_;         // by node; empty: none
  std::vector<FeatureExpr> any_of_;  // a node must fit one of these; empty: any node does
};

}  // namespace usine
