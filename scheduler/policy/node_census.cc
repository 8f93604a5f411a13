#include "scheduler/policy/node_census.h"

#include <algorithm>

#include "common/check.h"
#include "scheduler/core/feasibility.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

constexpr std::array<std::string_view, kNodeRules> kWords = {
    "too_small", "excluded", "features", "down",  "drained", "reserved",
    "claimed",   "in_use",   "gpus",     "cores", "memory",
};

// What every part of every way to fit its constraint asks for.
std::vector<FeatureExpr> kinds_of_nodes(const Component& component) {
  std::vector<FeatureExpr> kinds;
  for (const FeatureParts& way : ways_to_fit(component.constraint, component.nodes)) {
    for (const FeatureCount& part : way) {
      if (part.what.empty()) return {};
      kinds.push_back(part.what);
    }
  }
  return kinds;
}

}  // namespace

std::string_view to_string(NodeRule rule) {
  const auto index = static_cast<std::size_t>(rule);
  CHECK_THAT(index < kWords.size());
  return kWords[index];
}

std::uint32_t NodeCensus::failing(NodeRule rule) const {
  std::uint32_t nodes = 0;
  for (const auto& [failed, count] : counts) nodes += (failed & bit(rule)) != 0 ? count : 0;
  return nodes;
}

std::uint32_t NodeCensus::passing(NodeRules rules) const {
  std::uint32_t nodes = 0;
  for (const auto& [failed, count] : counts) nodes += (failed & rules) == 0 ? count : 0;
  return nodes;
}

NodeJudge::NodeJudge(const State& state, const Job& job, const Component& component, Time now)
    : state_(state), job_(job), component_(component), any_of_(kinds_of_nodes(component)) {
  for (const NodeClass& one : state.config->classes) classes_.push_back(judge(one.shape));
  if (!component.excluded_nodes.empty()) excluded_.resize(state.nodes.size());
  for (const std::string& name : component.excluded_nodes) {
    const auto known = state.node_by_name.find(name);
    if (known != state.node_by_name.end()) excluded_[known->second.value] = true;
  }
  const std::set<NodeId> closed = closed_nodes(state, stay_of(state, job, now));
  if (!closed.empty()) closed_.resize(state.nodes.size());
  for (const NodeId node : closed) closed_[node.value] = true;
}

NodeJudge::ShapeVerdict NodeJudge::judge(const NodeShape& shape) const {
  return {could_hold(shape, component_), gpus_of_type(shape, component_.per_node),
          memory_of_share(shape, component_.per_node)};
}

NodeRules NodeJudge::failed_by(NodeId id) const {
  const Node& node = state_.node(id);
  const ConfiguredNode& configured = state_.config->nodes[id.value];
  const ShapeVerdict own = node.shape ? judge(*node.shape) : ShapeVerdict();
  const ShapeVerdict& verdict = node.shape ? own : classes_[configured.node_class];
  NodeRules failed = 0;
  const auto fail_where = [&failed](NodeRule rule, bool fails) {
    if (fails) failed |= bit(rule);
  };
  const auto fits = [&](const FeatureExpr& kind) { return kind.fits(configured.features); };
  fail_where(NodeRule::kTooSmall, !verdict.could_hold);
  fail_where(NodeRule::kExcluded, !excluded_.empty() && excluded_[id.value]);
  fail_where(NodeRule::kFeatures, !any_of_.empty() && std::ranges::none_of(any_of_, fits));
  fail_where(NodeRule::kDown, node.link != NodeLink::kUp);
  fail_where(NodeRule::kDrained, node.drain.has_value());
  fail_where(NodeRule::kReserved, !closed_.empty() && closed_[id.value]);
  fail_where(NodeRule::kClaimed, is_claimed(id));
  return failed | busy(node, verdict);
}

NodeRules NodeJudge::busy(const Node& node, const ShapeVerdict& verdict) const {
  if (component_.exclusive && !node.jobs.empty()) return bit(NodeRule::kInUse);
  NodeRules failed = 0;
  GpuSet gpus = node.free_gpus;
  gpus &= verdict.gpus;
  if (gpus.count() < component_.per_node.gpus) failed |= bit(NodeRule::kGpus);
  if (node.free_cores.count() < component_.per_node.cores) failed |= bit(NodeRule::kCores);
  if (node.free_memory_mib < verdict.memory_mib) failed |= bit(NodeRule::kMemory);
  return failed;
}

bool NodeJudge::is_claimed(NodeId node) const {
  const auto claims = state_.claimed_by.find(node);
  if (claims == state_.claimed_by.end()) return false;
  return std::ranges::any_of(claims->second, [this](JobId job) { return job != job_.id; });
}

NodeCensus take_census(const State& state, const Job& job, const Component& component, Time now) {
  constexpr NodeRules kLasting = bit(NodeRule::kTooSmall) | bit(NodeRule::kExcluded) |
                                 bit(NodeRule::kFeatures) | bit(NodeRule::kDown) |
                                 bit(NodeRule::kDrained);
  const NodeJudge judge(state, job, component, now);
  const std::vector<NodeId>& nodes = state.config->partitions[job.partition.value].nodes;
  NodeCensus census;
  census.asked = component.nodes;
  census.partition_nodes = static_cast<std::uint32_t>(nodes.size());
  std::vector<bool> wanted(state.nodes.size());
  for (const NodeId node : nodes) {
    const NodeRules failed = judge.failed_by(node);
    ++census.counts[failed];
    if (failed == 0) census.free.push_back(node);
    wanted[node.value] = failed != 0 && (failed & kLasting) == 0;
  }
  census.holders = largest_holders(state, wanted);
  return census;
}

}  // namespace usine
