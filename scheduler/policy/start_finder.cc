#include "scheduler/policy/start_finder.h"

#include <algorithm>

namespace usine {
namespace {

// Times that are tried for one gang before it is given up until the next pass.
constexpr int kTimesTriedMax = 64;

// GPUs that the component takes on a node of the pool.
std::size_t gpus_on(const Machine& machine, const Component& asked, std::uint32_t pool) {
  return asked.exclusive ? machine.room().gpus_of(pool) : asked.per_node.gpus;
}

}  // namespace

// Nodes on which a component's share is free from one time on.
struct StartFinder::Future final : NodeTest {
  Future(const StartFinder& by, const ComponentDemand& component, const PartDemand& one,
         const Run& when)
      : finder(by), whole(component), part(one), run(when) {}

  [[nodiscard]] bool fits(NodeId node) const override {
    const Machine& machine = finder.machine_;
    const std::uint32_t pool = machine.pools().of_node[node.value];
    if (!part.pool_fits[pool]) return false;
    const std::size_t gpus = gpus_on(machine, *whole.asked, pool);
    if (machine.timeline().ready(gpus)[node.value] > run.from) return false;
    return finder.taken_[node.value] != finder.try_ &&
           !std::ranges::binary_search(whole.excluded, node) && fits_in_time(node);
  }
  [[nodiscard]] bool fits_in_time(NodeId node) const {
    const Amount share = share_amount(finder.machine_.table(node), *whole.asked);
    return finder.machine_.timeline().is_free(node, {share, run.length, run.from});
  }
  // What is free now is left to jobs that end before.
  [[nodiscard]] std::uint64_t fullness(NodeId node) const override {
    const NodeFree& free = finder.machine_.free(node);
    return std::uint64_t{free.gpu_count} << 32 | free.core_count;
  }

  const StartFinder& finder;
  const ComponentDemand& whole;
  const PartDemand& part;
  Run run;
};

StartFinder::StartFinder(const Machine& machine)
    : machine_(machine), search_(machine.tree()), taken_(machine.pools().of_node.size(), 0) {}

// ---- when --------------------------------------------------------------------------------------

void StartFinder::LeastTimes::reset(std::size_t n) {
  n_ = n;
  times_.clear();
}

void StartFinder::LeastTimes::add(Time time) {
  if (time >= last()) return;
  if (times_.size() == n_) {
    std::ranges::pop_heap(times_);
    times_.pop_back();
  }
  times_.push_back(time);
  std::ranges::push_heap(times_);
}

Time StartFinder::LeastTimes::last() const {
  return times_.size() < n_ ? Timeline::kNever : times_.front();
}

bool StartFinder::is_hopeless(const Demand& demand, Time latest) const {
  return std::ranges::any_of(demand.components, [&](const ComponentDemand& component) {
    return std::ranges::any_of(component.ways.front(), [&](const PartDemand& part) {
      std::uint32_t in_time = 0;
      for (const std::uint32_t pool : part.pools) {
        const std::span<const Time> ready =
            machine_.timeline().ready(gpus_on(machine_, *component.asked, pool));
        for (const NodeId node : machine_.pools().pools[pool].nodes) {
          in_time += ready[node.value] <= latest ? 1 : 0;
        }
      }
      return in_time < part.nodes;
    });
  });
}

void StartFinder::find_times(const ComponentDemand& component, const PartDemand& part,
                             const Run& run, Look look) {
  candidates_.clear();
  times_.clear();
  least_.reset(std::max(part.nodes, 1U));
  Time bound = latest_;
  const Component& asked = *component.asked;
  for (const std::uint32_t pool : part.pools) {
    const Pool& its = machine_.pools().pools[pool];
    const std::span<const NodeId> nodes = among_.value_or(its.nodes);
    const std::size_t gpus = gpus_on(machine_, asked, pool);
    const std::span<const Time> ready = machine_.timeline().ready(gpus);
    const bool by_gpus = gpus > 0 && look == Look::kByGpus;
    for (const NodeId node : nodes) {
      const Time least = std::max(ready[node.value], run.from);
      if (least > bound || least == Timeline::kNever) continue;
      if (among_ && machine_.pools().of_node[node.value] != pool) continue;
      if (std::ranges::binary_search(component.excluded, node)) continue;
      const bool settled = by_gpus && !machine_.is_claimed(node);
      const Time time = settled ? least : time_on(node, asked, run, by_gpus);
      if (time > bound || time == Timeline::kNever) continue;
      candidates_.push_back(node);
      times_.push_back(time);
      least_.add(time);
      if (look != Look::kAtAll) bound = std::min(latest_, std::max(least_.last(), run.from));
    }
  }
}

Time StartFinder::time_on(NodeId node, const Component& asked, const Run& run, bool by_gpus) const {
  const Timeline& timeline = machine_.timeline();
  const std::size_t gpus = gpus_on(machine_, asked, machine_.pools().of_node[node.value]);
  if (by_gpus && timeline.open_until(node, gpus) >= run.from + run.length) return run.from;
  const Amount share = share_amount(machine_.table(node), asked);
  return timeline.earliest(node, {share, run.length, run.from});
}

Time StartFinder::first_after(Time time) const {
  Time first = Timeline::kNever;
  for (const Time one : times_) {
    if (one > time) first = std::min(first, one);
  }
  return first;
}

Time StartFinder::earliest(const Demand& demand, const Run& run, Look look) {
  Time latest = run.from;
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      find_times(component, part, run, look);
      if (part.nodes > 0) latest = std::max(latest, least_.last());
    }
  }
  return latest;
}

Time StartFinder::next_change(const Demand& demand, const Run& run) {
  Time next = Timeline::kNever;
  const Run after{run.from + Millis{1}, run.length};
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      find_times(component, part, after, Look::kAtAll);
      next = std::min(next, first_after(after.from));
    }
  }
  return next;
}

// ---- where -------------------------------------------------------------------------------------

// The nodes of one part of a component at run.from, in chosen_; the last part has those that the
// request names. The part's times have been found for a start at run.from or before.
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
  std::ranges::fill(search_.counts(), 0);
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (times_[i] <= run.from && future.fits(candidates_[i])) search_.count(candidates_[i]);
  }
  return search_.choose(future, wanted, component.topology, chosen_) == SearchResult::kFound;
}

bool StartFinder::fits(const Demand& demand, const Run& run, Promise& promise) {
  ++try_;
  promise.shares.clear();
  const bool one_part =
      demand.components.size() == 1 && demand.components.front().ways.front().size() == 1;
  for (const ComponentDemand& component : demand.components) {
    for (const PartDemand& part : component.ways.front()) {
      if (!one_part) find_times(component, part, run, Look::kExact);
      if (!choose(component, part, run)) return false;
      for (const NodeId node : chosen_) {
        taken_[node.value] = try_;
        promise.shares.push_back({node, share_amount(machine_.table(node), *component.asked)});
      }
    }
  }
  return true;
}

std::optional<Promise> StartFinder::find(JobId job, const Demand& demand, const Run& run) {
  latest_ = Timeline::kNever;
  among_.reset();
  return search(job, demand, run);
}

std::optional<Promise> StartFinder::find_sooner(JobId job, const Demand& demand, const Run& run,
                                                const Known& known) {
  latest_ = known.latest;
  among_.reset();
  if (demand.nodes == 1) {
    among_ = known.grown;  // any other node is as it was
  } else if (is_hopeless(demand, known.latest)) {
    return std::nullopt;
  }
  return search(job, demand, run);
}

std::optional<Promise> StartFinder::search(JobId job, const Demand& demand, const Run& run) {
  Promise promise{job, {}, {}, {}};
  Run tried = run;
  tried.from = earliest(demand, run, Look::kByGpus);
  for (int times = 0; times < kTimesTriedMax && tried.from != Timeline::kNever; ++times) {
    if (fits(demand, tried, promise)) {
      promise.at = tried.from;
      promise.until = tried.from + run.length;
      return promise;
    }
    const Time exact = earliest(demand, tried, Look::kExact);
    tried.from = exact > tried.from ? exact : next_change(demand, tried);
  }
  return std::nullopt;
}

}  // namespace usine
