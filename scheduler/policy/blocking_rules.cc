#include "scheduler/policy/blocking_rules.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "scheduler/core/guarantees.h"
#include "scheduler/core/reservations.h"
#include "scheduler/core/torus_blocks.h"
#include "scheduler/policy/eligibility.h"

namespace usine {
namespace {

constexpr NodeRules kStanding =
    bit(NodeRule::kTooSmall) | bit(NodeRule::kExcluded) | bit(NodeRule::kFeatures);
constexpr NodeRules kUp = kStanding | bit(NodeRule::kDown) | bit(NodeRule::kDrained);

// The same job, without what `kind` says of it. False: that cannot be left out.
bool lift(ReasonKind kind, Job& job) {
  switch (kind) {
    case ReasonKind::kHeld:
    case ReasonKind::kRequeueLimit: job.hold = HoldKind::kNone; return true;
    case ReasonKind::kDependency:
    case ReasonKind::kDependencyNeverSatisfied:
    case ReasonKind::kDependencyDelay:
    case ReasonKind::kSingleton: job.dependencies = {}; return true;
    case ReasonKind::kAwaitingFence: job.awaiting_fence.clear(); return true;
    case ReasonKind::kBeginTime:
    case ReasonKind::kRequeueDelay: job.not_before.reset(); return true;
    case ReasonKind::kReservationClosed:
    case ReasonKind::kReservationEnded:
    case ReasonKind::kReservationTooShort: {
      auto request = std::make_shared<JobRequest>(*job.request);
      request->reservation.clear();
      job.request = std::move(request);
      return true;
    }
    default: return false;
  }
}

// Of one component.
class RoomRules {
 public:
  RoomRules(const State& state, const Job& job, const Component& component,
            const NodeCensus& census)
      : state_(state), job_(job), component_(component), census_(census) {}

  std::vector<BlockingRule> find() {
    if (census_.passing(bit(NodeRule::kDown) | bit(NodeRule::kDrained)) == 0) {
      add(Reason{ReasonKind::kPartitionDown, census_.asked, 0, 0, {}});
      return std::move(rules_);
    }
    find_down();
    find_kept();
    find_busy();
    find_named();
    if (rules_.empty() && census_.free.size() >= census_.asked) find_topology();
    return std::move(rules_);
  }

 private:
  void add(Reason reason, bool with_holders = false) {
    rules_.push_back({std::move(reason), with_holders ? census_.holders : std::vector<Holder>()});
  }

  // Whether too few nodes pass these rules beside those of nodes that are up and fit.
  [[nodiscard]] bool blocks(NodeRules rules) const {
    return census_.passing(kUp | rules) < census_.asked;
  }

  void find_down() {
    const std::uint32_t exist = census_.passing(kStanding);
    if (blocks(0) && exist >= census_.asked) {
      add(Reason{ReasonKind::kNodesDown, census_.asked, census_.passing(kUp), exist, {}});
    }
  }

  void find_kept() {
    if (blocks(bit(NodeRule::kReserved)) && !blocks(0)) {
      const NodeReservation* const first =
          first_in_the_way(state_, stay_of(state_, job_, state_.now));
      const std::string name = first == nullptr ? job_.request->reservation : first->request.name;
      const Time begin = first == nullptr ? state_.now : next_turn(*first);
      add(Reason{ReasonKind::kReserved, begin.time_since_epoch().count(), 0, 0, name});
    }
    if (blocks(bit(NodeRule::kClaimed)) && !blocks(0)) {
      add(Reason{ReasonKind::kBehindHigherPriority, first_claimant(), 0, 0, {}});
    }
  }

  [[nodiscard]] std::int64_t first_claimant() const {
    for (const auto& [node, jobs] : state_.claimed_by) {
      for (const JobId job : jobs) {
        if (job != job_.id) return static_cast<std::int64_t>(job.value);
      }
    }
    return 0;
  }

  void find_busy() {
    const std::vector<std::pair<NodeRule, Reason>> busy = {
        {NodeRule::kInUse, Reason{ReasonKind::kNodesBusy, census_.asked, 0, 0, {}}},
        {NodeRule::kGpus, Reason{ReasonKind::kGpusBusy, component_.per_node.gpus, 0, 0, {}}},
        {NodeRule::kCores, Reason{ReasonKind::kCoresBusy, component_.per_node.cores, 0, 0, {}}},
        {NodeRule::kMemory,
         Reason{ReasonKind::kMemoryBusy, component_.per_node.memory_mib, 0, 0, {}}},
    };
    for (const auto& [rule, reason] : busy) {
      if (!blocks(bit(rule)) || blocks(0)) continue;
      Reason found = reason;
      found.free = census_.passing(kUp | bit(rule));
      if (rule != NodeRule::kInUse) found.total = census_.asked;
      add(found, true);
    }
    if (!rules_.empty() || census_.free.size() >= census_.asked) return;
    add_scarcest(busy);
  }

  // No rule alone keeps it, but too few nodes pass all of them: the one that most nodes fail.
  void add_scarcest(const std::vector<std::pair<NodeRule, Reason>>& busy) {
    const auto scarcest = std::ranges::max_element(
        busy, {}, [this](const auto& one) { return census_.failing(one.first); });
    if (census_.failing(scarcest->first) == 0) return;
    Reason found = scarcest->second;
    found.free = static_cast<std::int64_t>(census_.free.size());
    if (scarcest->first != NodeRule::kInUse) found.total = census_.asked;
    if (!component_.constraint.empty()) {
      found = Reason{ReasonKind::kFeaturesBusy, census_.asked, found.free, 0,
                     to_string(component_.constraint)};
    }
    add(found, true);
  }

  void find_named() {
    std::string names;
    for (const std::string& name : component_.only_nodes) {
      const NodeId node = state_.node_by_name.at(name);
      if (std::ranges::binary_search(census_.free, node)) continue;
      names += names.empty() ? name : ", " + name;
    }
    if (!names.empty()) add(Reason{ReasonKind::kNodeListBusy, 0, 0, 0, names});
  }

  // By domain of the level: how many free nodes lie in it.
  [[nodiscard]] std::vector<std::uint32_t> free_by_domain(DomainKind level) const {
    const auto at = state_.config->fabric.domains_at(level);
    std::vector<std::uint32_t> free(at.size());
    for (const NodeId node : census_.free) {
      const auto domain = at[state_.config->nodes[node.value].leaf.value];
      if (domain) ++free[domain->value];
    }
    return free;
  }

  void add_topology(std::uint64_t nearest, std::string where) {
    if (nearest >= census_.asked) return;
    add(Reason{ReasonKind::kTopologyBusy, census_.asked, static_cast<std::int64_t>(nearest), 0,
               std::move(where)},
        true);
  }

  void find_topology() {
    const TopologyRequest& topology = component_.topology;
    if (topology.required) {
      const auto free = free_by_domain(*topology.required);
      add_topology(free.empty() ? 0 : std::ranges::max(free),
                   "in one " + std::string(to_string(*topology.required)));
    }
    if (topology.segment > 0) find_segments();
    if (!topology.shape.empty()) find_cuboid();
    const bool still_waits =
        job_.eligible_since && state_.now < *job_.eligible_since + topology.switches_wait;
    if (topology.switches_max == 0 || !still_waits) return;
    auto free = free_by_domain(DomainKind::kLeaf);
    std::ranges::sort(free, std::greater<>());
    std::uint64_t nearest = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(free.size(), topology.switches_max); ++i) {
      nearest += free[i];
    }
    add_topology(nearest, "on " + std::to_string(topology.switches_max) +
                              (topology.switches_max == 1 ? " leaf switch" : " leaf switches"));
  }

  void find_cuboid() {
    const TopologyRequest& topology = component_.topology;
    const ClusterConfig& config = *state_.config;
    std::uint64_t nodes = 0;
    for (const TorusBlocks& torus : tori_of(config)) {
      const std::uint64_t blocks = usable_blocks(config, torus, topology, census_.free);
      nodes = std::max(nodes, blocks * torus.nodes_per_block());
    }
    add_topology(nodes, "in one " + to_string(topology.shape) + " of a torus");
  }

  void find_segments() {
    const TopologyRequest& topology = component_.topology;
    const DomainKind level = segment_level_on(topology, state_.config->fabric);
    const bool spread = topology.segment_order == SegmentOrder::kSpread;
    std::uint64_t nodes = 0;
    for (const std::uint32_t free : free_by_domain(level)) {
      const std::uint32_t segments = free / topology.segment;
      nodes += std::uint64_t{topology.segment} * (spread ? std::min(segments, 1u) : segments);
    }
    add_topology(nodes, "in segments of " + std::to_string(topology.segment) + ", each in one " +
                            std::string(to_string(level)));
  }

  const State& state_;
  const Job& job_;
  const Component& component_;
  const NodeCensus& census_;
  std::vector<BlockingRule> rules_;
};

}  // namespace

std::vector<BlockingRule> waiting_rules(const State& state, const Job& job, Time now) {
  std::vector<BlockingRule> rules;
  Job copy = job;
  while (auto reason = not_eligible(state, copy, now)) {
    const ReasonKind kind = reason->kind;
    rules.push_back({*std::move(reason), {}});
    if (!lift(kind, copy)) break;
  }
  return rules;
}

std::vector<BlockingRule> limit_rules(const State& state, const Job& job) {
  RunningLimits limits = state.running;  // asking after a user may add him to it
  const auto hit = limits.blocked(limits.use_of(job));
  if (!hit) return {};
  const auto counts = [&](const Job& other) { return limits.counts_in(hit->group, other); };
  return {{limits.reason_of(*hit), largest_holders(state, counts)}};
}

std::vector<BlockingRule> guarantee_rules(const State& state, const Job& job) {
  const std::int64_t guaranteed = state.running.guaranteed_gpus(job);
  if (guaranteed == 0) return {};
  const Loans loans(state);
  BlockingRule rule{
      {ReasonKind::kGuarantee, state.running.gpus_of(job), state.running.project_gpus(job),
       guaranteed, "beyond those it may only have what others leave idle"},
      {}};
  if (!loans.is_owed(job)) return {rule};
  rule.holders = largest_holders(state, [&](const Job& other) {
    return loans.borrowed(other) > 0 && debtor_from(*state.config, job, other);
  });
  rule.reason.text = rule.holders.empty()
                         ? "no job that may be put back runs on what others have borrowed"
                         : "others have borrowed of them and give back what it needs";
  return {rule};
}

std::vector<BlockingRule> room_rules(const State& state, const Job& job, const Component& component,
                                     const NodeCensus& census) {
  return RoomRules(state, job, component, census).find();
}

}  // namespace usine
