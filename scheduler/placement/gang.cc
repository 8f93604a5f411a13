#include "scheduler/placement/gang.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "scheduler/placement/census.h"
#include "scheduler/placement/node_share.h"

namespace usine {

// Some nodes of a component and what bounds their choice: the last word on each node.
struct GangPlacer::Part final : NodeTest {
  Part(const GangPlacer& by, const ComponentDemand& component, const PartDemand& one,
       const Run& when)
      : placer(by), whole(component), part(one), run(when) {}

  [[nodiscard]] bool fits(NodeId node) const override {
    return fits_named(node) && !std::ranges::binary_search(whole.named, node);
  }
  // The same for a node that the request names.
  [[nodiscard]] bool fits_named(NodeId node) const {
    const Machine& machine = placer.machine_;
    return part.pool_fits[machine.pools().of_node[node.value]] &&
           (!machine.is_claimed(node) || (claimed_too && leaves_claims_alone(node))) &&
           placer.taken_[node.value] != placer.placement_ &&
           share_fits(machine.free(node), machine.table(node), *whole.asked) &&
           !std::ranges::binary_search(whole.excluded, node);
  }
  [[nodiscard]] bool leaves_claims_alone(NodeId node) const {
    const Amount share = share_amount(placer.machine_.table(node), *whole.asked);
    return placer.machine_.timeline().is_free(node, {share, run.length, run.from});
  }
  [[nodiscard]] std::uint64_t fullness(NodeId node) const override {
    const NodeFree& free = placer.machine_.free(node);
    constexpr std::int64_t kMost = ~std::uint32_t{0};
    const auto memory =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(free.memory_mib, 0, kMost));
    return std::uint64_t{free.gpu_count} << 48 | std::uint64_t{free.core_count} << 32 | memory;
  }

  const GangPlacer& placer;
  const ComponentDemand& whole;
  const PartDemand& part;
  Run run;
  bool claimed_too = false;  // where what is claimed of them stays free
};

GangPlacer::GangPlacer(Machine& machine)
    : machine_(machine),
      search_(machine.tree()),
      packer_(machine),
      taken_(machine.pools().of_node.size(), 0) {}

std::uint64_t GangPlacer::claimed_for(const ComponentDemand& component, Time until) const {
  const std::uint32_t gpus = component.asked->per_node.gpus;
  if (until == Time{}) return machine_.timeline().claimed_with_gpus(gpus);
  const std::span<const Time> open = machine_.timeline().open_until(gpus);
  return static_cast<std::uint64_t>(
      std::ranges::count_if(open, [until](Time one) { return one >= until; }));
}

// Claimed nodes are counted only where the others are too few.
bool GangPlacer::may_fit(const Demand& demand, Time until) const {
  const DomainPlace root = machine_.tree().root();
  return std::ranges::all_of(demand.components, [&](const ComponentDemand& component) {
    std::optional<std::uint64_t> claimed;
    const auto possible = [&](const PartDemand& part) {
      const std::uint64_t open = bound_at(machine_.room(), part, *component.asked, root);
      if (open >= part.nodes) return true;
      if (!claimed) claimed = claimed_for(component, until);
      return open + *claimed >= part.nodes;
    };
    return std::ranges::any_of(component.ways, [&](const std::vector<PartDemand>& way) {
      return std::ranges::all_of(way, possible);
    });
  });
}

// ---- counting --------------------------------------------------------------------------------

void GangPlacer::set_counts(const Part& part) {
  const bool sums = count_bounds(machine_.room(), part.part, *part.whole.asked, search_.counts());
  const bool some_are_out =
      some_taken_ || !part.whole.excluded.empty() || !part.whole.named.empty();
  if (!sums || some_are_out) search_.count_all(part);
}

// Counts claimed nodes that the part may use as well; false: there are too few even so.
bool GangPlacer::add_claimed(Part& part, std::uint32_t nodes) {
  const Time end = part.run.from + part.run.length;
  const std::uint64_t claimed = claimed_for(part.whole, end);
  const std::uint64_t open =
      bound_at(machine_.room(), part.part, *part.whole.asked, machine_.tree().root());
  if (claimed == 0 || open + claimed < nodes) return false;
  set_counts(part);
  part.claimed_too = true;
  const Timeline& timeline = machine_.timeline();
  const std::span<const Time> open_until = timeline.open_until(part.whole.asked->per_node.gpus);
  bool any = false;
  for (std::size_t i = 0; i < open_until.size(); ++i) {
    if (open_until[i] < end || !part.fits(timeline.claimed()[i])) continue;
    search_.count(timeline.claimed()[i]);
    any = true;
  }
  return any;
}

// ---- choosing --------------------------------------------------------------------------------

bool GangPlacer::choose_part(Part& part, std::uint32_t nodes) {
  const Component& asked = *part.whole.asked;
  if (nodes == 1 && asked.per_node.gpus > 0 && !asked.exclusive) {
    if (const auto node = packer_.pack(part.part, asked.per_node.gpus, part)) {
      chosen_.push_back(*node);
      return true;
    }
  } else {
    set_counts(part);
    if (search_.choose(part, nodes, part.whole.topology, chosen_) == SearchResult::kFound) {
      return true;
    }
  }
  return add_claimed(part, nodes) &&
         search_.choose(part, nodes, part.whole.topology, chosen_) == SearchResult::kFound;
}

void GangPlacer::take(NodeId node) {
  taken_[node.value] = placement_;
  some_taken_ = true;
}

// Parts with conditions of their own come first; what the request names counts for the last.
bool GangPlacer::choose_way(const ComponentDemand& component, const std::vector<PartDemand>& way,
                            const Run& run) {
  const bool had_taken = some_taken_;
  chosen_ = component.named;
  for (std::size_t i = 0; i < way.size(); ++i) {
    const bool is_last = i + 1 == way.size();
    const auto named = is_last ? static_cast<std::uint32_t>(component.named.size()) : 0;
    const std::uint32_t nodes = way[i].nodes - std::min(way[i].nodes, named);
    Part part(*this, component, way[i], run);
    const std::size_t before = chosen_.size();
    const bool found = nodes == 0 || choose_part(part, nodes);
    if (found && is_last) return true;
    if (!found) break;
    for (std::size_t at = before; at < chosen_.size(); ++at) take(chosen_[at]);
  }
  for (const NodeId node : chosen_) taken_[node.value] = placement_ - 1;
  some_taken_ = had_taken;
  return false;
}

std::vector<NodeId> GangPlacer::busy_named(const ComponentDemand& component, const Run& run) const {
  Part part(*this, component, component.ways.front().back(), run);
  part.claimed_too = true;
  std::vector<NodeId> busy;
  for (const NodeId node : component.named) {
    if (!part.fits_named(node)) busy.push_back(node);
  }
  return busy;
}

bool GangPlacer::choose(const ComponentDemand& component, const Run& run) {
  if (!busy_named(component, run).empty()) return false;
  return std::ranges::any_of(component.ways, [&](const std::vector<PartDemand>& way) {
    return choose_way(component, way, run);
  });
}

// ---- the gang --------------------------------------------------------------------------------

void GangPlacer::book(const ComponentDemand& component, std::uint32_t number,
                      Allocation& allocation) {
  std::ranges::sort(chosen_, {}, [&](NodeId node) { return machine_.tree().rank_of(node); });
  NodeShare share;
  const ShapeTable* table = nullptr;
  NodeFree free;  // that `share` was chosen from; like nodes give like shares
  for (const NodeId node : chosen_) {
    if (table != &machine_.table(node) || free != machine_.free(node)) {
      table = &machine_.table(node);
      free = machine_.free(node);
      share = choose_share(free, *table, *component.asked);
    }
    share.node = node;
    share.component = number;
    machine_.book(share);
    take(node);
    allocation.nodes.push_back(share);
  }
}

std::expected<Allocation, Reason> GangPlacer::place(const Demand& demand, const Run& run) {
  const std::size_t mark = machine_.mark();
  Allocation allocation;
  allocation.nodes.reserve(demand.nodes);
  placement_ += 2;  // its own number, and one below for what it gave back
  some_taken_ = false;
  for (std::uint32_t i = 0; i < demand.components.size(); ++i) {
    if (!choose(demand.components[i], run)) {
      Reason reason = why_not(demand.components[i], run);
      machine_.roll_back(mark);
      return std::unexpected(std::move(reason));
    }
    book(demand.components[i], i, allocation);
  }
  return allocation;
}

Reason GangPlacer::why_not(const ComponentDemand& component, const Run& run) {
  if (const std::vector<NodeId> busy = busy_named(component, run); !busy.empty()) {
    const std::set<NodeId> names(busy.begin(), busy.end());
    return {ReasonKind::kNodeListBusy, static_cast<std::int64_t>(busy.size()), 0, 0,
            names_of(machine_.state(), names)};
  }
  return scarcity(machine_, component, search_.nearest());
}

}  // namespace usine
