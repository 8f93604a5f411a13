#include "scheduler/estimate/problem.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "scheduler/core/arrays.h"
#include "scheduler/core/feasibility.h"
#include "scheduler/core/reservations.h"
#include "scheduler/core/run_times.h"
#include "scheduler/placement/pools.h"
#include "scheduler/policy/eligibility.h"
#include "scheduler/policy/promise.h"
#include "scheduler/queue/priority.h"

namespace usine {
namespace {

constexpr std::uint64_t kCopiesMax = 10'000;  // tasks of one array that are run ahead

// Which part of a whole an amount is, in units of a node, rounded down: all eighths of a node fit.
std::uint32_t units_of(std::int64_t amount, std::int64_t whole) {
  if (amount <= 0 || whole <= 0) return 0;
  const std::int64_t units = amount * EstimateNodes::kWhole / whole;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(units, 1, EstimateNodes::kWhole));
}

std::uint16_t units_of(const Amount& amount, const NodeShape& shape) {
  const auto units = std::max({units_of(amount.gpus, std::ssize(shape.gpus)),
                               units_of(amount.cores, std::ssize(shape.cores)),
                               units_of(amount.memory_mib, shape.memory_mib()), 1u});
  return static_cast<std::uint16_t>(units);
}

bool features_fit(const Pool& pool, const Component& component) {
  const auto ways = ways_to_fit(component.constraint, component.nodes);
  return std::ranges::any_of(ways, [&pool](const FeatureParts& way) {
    return std::ranges::any_of(way, [&pool](const FeatureCount& part) {
      return part.what.fits(std::span<const std::string>(pool.features));
    });
  });
}

std::int64_t seconds(Millis time) {
  return std::chrono::ceil<Seconds>(std::max(time, Millis{0})).count();
}

class Maker {
 public:
  Maker(const State& state, const EstimateLengths& lengths, Time now)
      : state_(state), lengths_(lengths), now_(now), pools_(make_pools(*state.config)) {}

  EstimateTask make() {
    task_.problem.nodes = EstimateNodes(pools_.pools.size(), pools_.of_node);
    task_.problem.limits = state_.running;
    add_nodes();
    add_running();
    add_waiting();
    return std::move(task_);
  }

 private:
  [[nodiscard]] const NodeShape& shape_of(std::uint32_t pool) const {
    return state_.config->classes[pools_.pools[pool].node_class].shape;
  }

  void add_nodes() {
    std::vector<std::uint16_t> free(state_.nodes.size());
    for (std::uint32_t i = 0; i < state_.nodes.size(); ++i) {
      const Node& node = state_.nodes[i];
      if (!node.takes_work()) continue;
      const NodeShape& shape = shape_of(pools_.of_node[i]);
      const Amount held{
          std::ssize(shape.cores) - static_cast<std::int64_t>(node.free_cores.count()),
          std::ssize(shape.gpus) - static_cast<std::int64_t>(node.free_gpus.count()),
          shape.memory_mib() - node.free_memory_mib};
      const std::uint16_t used = node.jobs.empty() ? 0 : units_of(held, shape);
      free[i] = static_cast<std::uint16_t>(EstimateNodes::kWhole - used);
    }
    close_reserved(free);
    for (std::uint32_t i = 0; i < free.size(); ++i) {
      if (free[i] > 0) task_.problem.nodes.give(i, free[i]);
    }
  }

  // What is free on nodes of an open reservation comes free for others when it closes.
  void close_reserved(std::vector<std::uint16_t>& free) {
    for (const auto& [name, reservation] : state_.reservations) {
      if (!reservation.open) continue;
      const std::int64_t closes = seconds(next_turn(reservation) - now_);
      EstimateRunning held{{}, {}, closes, closes, {}};
      for (const NodeId node : reservation.nodes) {
        if (free[node.value] == 0) continue;
        held.nodes.push_back(node.value);
        held.units.push_back(std::exchange(free[node.value], 0));
      }
      if (!held.nodes.empty()) task_.problem.running.push_back(std::move(held));
    }
  }

  void add_running() {
    for (const auto& [id, job] : state_.jobs) {
      if (!job.attempt) continue;
      running_[id] = static_cast<std::uint32_t>(task_.problem.running.size());
      task_.problem.running.push_back(running_job(job));
    }
  }

  EstimateRunning running_job(const Job& job) {
    EstimateRunning running;
    const Attempt& attempt = *job.attempt;
    for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
      const NodeShare& share = attempt.allocation.nodes[i];
      if (attempt.nodes[i].phase == NodePhase::kEnded) continue;
      if (!state_.node(share.node).takes_work()) continue;
      running.nodes.push_back(share.node.value);
      running.units.push_back(
          units_of(amount_of(share), shape_of(pools_.of_node[share.node.value])));
    }
    const Time started = attempt.started.value_or(attempt.placed);
    const auto elapsed = std::chrono::duration_cast<Seconds>(std::max(now_ - started, Millis{0}));
    const Seconds whole = expected(job, elapsed);
    running.gone_s = seconds(latest_end(job, *state_.config) - now_);
    running.ends_s = std::min((whole - elapsed).count(), running.gone_s);
    if (attempt.stop) running.ends_s = 0;
    if (limited_) running.use = task_.problem.limits.use_of(job);
    return running;
  }

  [[nodiscard]] Seconds expected(const Job& job, Seconds elapsed) const {
    const auto of_script = state_.run_times.expected(script_of(*job.request));
    return lengths_.expected(job.limit(), elapsed, of_script);
  }

  void add_waiting() {
    std::vector<std::pair<RankKey, const Job*>> order;
    for (const auto& [id, job] : state_.jobs) {
      if (job.state != JobState::kPending) continue;
      if (!job.request->reservation.empty()) task_.reserved.push_back(&job);
      if (!can_start(job)) continue;
      order.emplace_back(rank_of(job, *state_.config), &job);
    }
    std::ranges::sort(order);
    for (const auto& [rank, job] : order) {
      waiting_[job->id] = static_cast<std::uint32_t>(task_.jobs.size());
      task_.jobs.push_back(job);
    }
    for (const auto& [rank, job] : order) task_.problem.waiting.push_back(waiting_job(*job));
  }

  [[nodiscard]] bool can_start(const Job& job) const {
    return job.hold == HoldKind::kNone && job.awaiting_fence.empty() &&
           job.request->reservation.empty() &&
           job.dependencies.verdict().phase != DependencyPhase::kNever;
  }

  EstimateWaiting waiting_job(const Job& job) {
    EstimateWaiting waiting;
    waiting.demand = demand_of(job);
    waiting.limit_s = job.limit().count() + seconds(state_.config->timings.kill_wait);
    waiting.expected_s = expected(job, Seconds(0)).count();
    if (const auto at = opens_at(job, now_)) waiting.opens_s = seconds(*at - now_);
    waiting.waits_for = static_cast<std::uint32_t>(task_.problem.waits.size());
    if (limited_) {
      waiting.use = task_.problem.limits.use_of(job);
      task_.problem.limited = task_.problem.limited || waiting.use.count > 0;
    }
    add_dependencies(job);
    waiting.waits_for_any = job.dependencies.wanted.any;
    if (job.is_array()) add_array(job, waiting);
    waiting.waits_count =
        static_cast<std::uint32_t>(task_.problem.waits.size()) - waiting.waits_for;
    return waiting;
  }

  // An array at its limit goes on when one of its tasks has ended.
  void add_array(const Job& job, EstimateWaiting& waiting) {
    const std::uint64_t startable = startable_tasks(state_, job, now_);
    waiting.copies =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(startable, 1, kCopiesMax));
    if (startable > 0 || task_.problem.waits.size() > waiting.waits_for) return;
    waiting.waits_for_any = true;
    for (const auto& [index, task] : state_.arrays.at(job.id).live) {
      add_wait(task, EstimateWait::For::kEnd);
    }
  }

  void add_dependencies(const Job& job) {
    const JobDependencies& dependencies = job.dependencies;
    if (dependencies.verdict().phase != DependencyPhase::kWaiting) return;
    for (std::size_t i = 0; i < dependencies.statuses.size(); ++i) {
      if (dependencies.statuses[i].phase != DependencyPhase::kWaiting) continue;
      add_part(job, dependencies.wanted.items[i]);
    }
  }

  void add_part(const Job& job, const Dependency& part) {
    switch (part.kind) {
      case DependencyKind::kSingleton: {
        const auto alike = state_.namesakes.find({job.request->user, job.request->name});
        if (alike == state_.namesakes.end()) return;
        for (const JobId other : alike->second.unfinished) {
          if (other < job.id || alike->second.active.contains(other)) {
            add_wait(other, EstimateWait::For::kEnd);
          }
        }
        return;
      }
      case DependencyKind::kAfter: return add_wait(part.job, EstimateWait::For::kStart);
      case DependencyKind::kAfterNotOk:  // nobody expects a job to fail
        return add_wait(part.job, EstimateWait::For::kNever);
      default: return add_wait(part.job, EstimateWait::For::kEnd);
    }
  }

  void add_wait(JobId other, EstimateWait::For what) {
    std::vector<EstimateWait>& waits = task_.problem.waits;
    if (const auto at = waiting_.find(other); at != waiting_.end()) {
      waits.push_back({what, false, at->second});
    } else if (const auto running = running_.find(other); running != running_.end()) {
      waits.push_back({what, true, running->second});
    } else if (const auto array = state_.arrays.find(other); array != state_.arrays.end()) {
      for (const auto& [index, task] : array->second.live) add_wait(task, what);
    } else {
      waits.push_back({EstimateWait::For::kNever, false, 0});
    }
  }

  // ---- what is asked of the machine

  std::uint32_t demand_of(const Job& job) {
    const std::vector<Component>& asked = job.request->components;
    const Component& first = asked.front();
    auto& alike = demands_[{job.partition, first.nodes, first.per_node.gpus, first.per_node.cores,
                            first.per_node.memory_mib}];
    for (const auto& [components, number] : alike) {
      if (*components == asked) return number;
    }
    const std::uint32_t number = number_of(make_demand(job));
    alike.emplace_back(&asked, number);
    return number;
  }

  // Requests that differ in what does not count here, a little memory mostly, are one demand, so
  // that in each step the run ahead looks for it once.
  std::uint32_t number_of(EstimateDemand demand) {
    const auto next = static_cast<std::uint32_t>(task_.problem.demands.size());
    const auto [at, is_new] = numbers_.try_emplace({demand.nodes, demand.units}, next);
    if (is_new) task_.problem.demands.push_back(std::move(demand));
    return at->second;
  }

  EstimateDemand make_demand(const Job& job) {
    EstimateDemand demand;
    demand.nodes = job.request->total_nodes();
    demand.units_least = EstimateNodes::kWhole;
    for (std::uint32_t i = 0; i < pools_.pools.size(); ++i) {
      std::uint16_t units = 0;
      for (const Component& component : job.request->components) {
        units = std::max(units, units_in(i, job.partition, component));
      }
      demand.units.push_back(units);
      if (units == 0) continue;
      demand.pools.push_back(i);
      demand.units_least = std::min(demand.units_least, units);
    }
    return demand;
  }

  [[nodiscard]] std::uint16_t units_in(std::uint32_t pool, PartitionId partition,
                                       const Component& component) const {
    const NodeShape& shape = shape_of(pool);
    const bool fits = in_partition(pools_.pools[pool], partition) && could_hold(shape, component) &&
                      features_fit(pools_.pools[pool], component);
    if (!fits) return 0;
    if (component.exclusive) return EstimateNodes::kWhole;
    const NodeDemand& share = component.per_node;
    return units_of(Amount{share.cores, share.gpus, memory_of_share(shape, share)}, shape);
  }

  using DemandKey =
      std::tuple<PartitionId, std::uint32_t, std::uint32_t, std::uint32_t, std::int64_t>;
  using Alike = std::vector<std::pair<const std::vector<Component>*, std::uint32_t>>;

  const State& state_;
  const EstimateLengths& lengths_;
  Time now_;
  Pools pools_;
  EstimateTask task_;
  bool limited_ = true;
  std::unordered_map<JobId, std::uint32_t> running_;  // places in the problem
  std::unordered_map<JobId, std::uint32_t> waiting_;
  std::map<DemandKey, Alike> demands_;
  std::map<std::pair<std::uint32_t, std::vector<std::uint16_t>>, std::uint32_t> numbers_;
};

}  // namespace

EstimateTask make_estimate_task(const State& state, const EstimateLengths& lengths, Time now) {
  return Maker(state, lengths, now).make();
}

}  // namespace usine
