#include "scheduler/policy/promise.h"

#include <algorithm>

#include "scheduler/core/preemption_rules.h"

namespace usine {
namespace {

// Times that are tried for one gang before it is given up until the next pass.
constexpr int kTimesTriedMax = 64;

}  // namespace

// Nodes on which a component's share is free from one time on.
struct StartFinder::Future final : NodeTest {
  Future(const StartFinder& by, const ComponentDemand& component, const PartDemand& one,
         const Run& when)
      : finder(by), whole(component), part(one), run(when) {}

  [[nodiscard]] bool fits(NodeId node) const override {
    const Machine& machine = finder.machine_;
    const std::uint32_t pool = machine.pools().of_node[node.value];
    if (!part.pool_fits[pool] || finder.timeline_.ready(gpus_on(pool))[node.value] > run.from) {
      return false;
    }
    return finder.taken_[node.value] != finder.try_ &&
           !std::ranges::binary_search(whole.excluded, node) && fits_in_time(node);
  }
  // What it takes on a node of the pool.
  [[nodiscard]] std::size_t gpus_on(std::uint32_t pool) const {
    return whole.asked->exclusive ? finder.machine_.room().gpus_of(pool)
                                  : whole.asked->per_node.gpus;
  }
  [[nodiscard]] bool fits_in_time(NodeId node) const {
    const Machine& machine = finder.machine_;
    const NodeFree& free = machine.free(node);
    if (!free.takes_work) return false;
    const Amount share = share_amount(machine.table(node), *whole.asked);
    return finder.timeline_.is_free(node, amount_of(free), {share, run.length, run.from});
  }
  [[nodiscard]] std::uint64_t fullness(NodeId node) const override {
    return finder.machine_.free(node).gpu_count;
  }

  const StartFinder& finder;
  const ComponentDemand& whole;
  const PartDemand& part;
  Run run;
};

Time latest_end(const Job& job, const ClusterConfig& config) {
  const Attempt& attempt = *job.attempt;
  if (attempt.stop) return attempt.stop->at + grace_of(config, job);
  return attempt.started.value_or(attempt.placed) + job.limit() + config.timings.kill_wait;
}

StartFinder::StartFinder(const Machine& machine, const Timeline& timeline)
    : machine_(machine),
      timeline_(timeline),
      search_(machine.tree()),
      taken_(machine.pools().of_node.size(), 0) {}

void StartFinder::find_times(const ComponentDemand& component, const PartDemand& part,
                             const Run& run, bool exact) {
  const Component& asked = *component.asked;
  times_.clear();
  for (const std::uint32_t pool : part.pools) {
    const std::size_t gpus = asked.exclusive ? machine_.room().gpus_of(pool) : asked.per_node.gpus;
    const std::span<const Time> ready = timeline_.ready(gpus);
    const bool by_gpus = gpus > 0 && !exact;
    for (const NodeId node : machine_.pools().pools[pool].nodes) {
      if (ready[node.value] == Timeline::kNever) continue;
      if (std::ranges::binary_search(component.excluded, node)) continue;
      if (by_gpus && !timeline_.is_claimed(node)) {
        times_.push_back(std::max(ready[node.value], run.from));
        continue;
      }
      const Amount share = share_amount(machine_.table(node), asked);
      times_.push_back(
          timeline_.earliest(node, amount_of(machine_.free(node)), {share, run.length, run.from}));
    }
  }
}

Time StartFinder::nth_time(std::uint32_t nodes) {
  if (times_.size() < nodes) return Timeline::kNever;
  if (nodes == 1) return *std::ranges::min_element(times_);
  const auto nth = times_.begin() + static_cast<std::ptrdiff_t>(nodes) - 1;
  std::ranges::nth_element(times_, nth);
  return *nth;
}

Time StartFinder::earliest(const Demand& demand, const Run& run, bool exact) {
  Time latest = run.from;
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      find_times(component, part, run, exact);
      latest = std::max(latest, nth_time(part.nodes));
    }
  }
  return latest;
}

// The nodes of one part of a component at run.from, in chosen_; the last part has those that the
// request names.
bool StartFinder::choose(const ComponentDemand& component, const PartDemand& part, const Run& run) {
  const Future future(*this, component, part, run);
  chosen_.clear();
  if (&part == &component.ways.front().back()) {
    const auto fits_named = [&](NodeId node) { return future.fits(node); };
    if (!std::ranges::all_of(component.named, fits_named)) return false;
    chosen_ = component.named;
    for (const NodeId node : chosen_) taken_[node.value] = try_;
  }
  const auto named = static_cast<std::uint32_t>(chosen_.size());
  const std::uint32_t wanted = part.nodes - std::min(part.nodes, named);
  if (wanted == 0) return true;
  search_.count_all(future);
  return search_.choose(future, wanted, component.topology, chosen_) == SearchResult::kFound;
}

bool StartFinder::fits(const Demand& demand, const Run& run, Promise& promise) {
  ++try_;
  promise.shares.clear();
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      if (!choose(component, part, run)) return false;
      for (const NodeId node : chosen_) {
        taken_[node.value] = try_;
        promise.shares.push_back({node, share_amount(machine_.table(node), *component.asked)});
      }
    }
  }
  return true;
}

Time StartFinder::next_change(const Demand& demand, const Run& run) {
  Time next = Timeline::kNever;
  const Run after{run.from + Millis{1}, run.length};
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      find_times(component, part, after, true);
      std::erase_if(times_, [&](Time time) { return time <= after.from; });
      next = std::min(next, nth_time(1));
    }
  }
  return next;
}

std::optional<Promise> StartFinder::find(JobId job, const Demand& demand, const Run& run) {
  Promise promise{job, {}, {}, {}};
  Run tried = run;
  tried.from = earliest(demand, run, false);
  for (int times = 0; times < kTimesTriedMax && tried.from != Timeline::kNever; ++times) {
    if (fits(demand, tried, promise)) {
      promise.at = tried.from;
      promise.until = tried.from + run.length;
      return promise;
    }
    const Time exact = earliest(demand, tried, true);
    tried.from = exact > tried.from ? exact : next_change(demand, tried);
  }
  return std::nullopt;
}

}  // namespace usine
