// What a replay is judged by: the events of a run are taken as they come, and the figures made of
// them at the end. Knows nothing of engine and planner, so that every policy is measured alike.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/cluster.h"
#include "scheduler/core/event.h"

namespace usine::sim {

// What a machine is full of first: use is counted in it.
enum class Unit : std::uint8_t { kGpu, kCore };

[[nodiscard]] std::string_view to_string(Unit unit);

// How many of them a node of each class has, by class.
[[nodiscard]] std::vector<std::uint64_t> units_of_classes(const ClusterConfig& cluster, Unit unit);

struct Spread {
  double mean = 0;
  double p50 = 0;  // nearest rank, as the other two
  double p95 = 0;
  double p99 = 0;
};

[[nodiscard]] Spread spread_of(std::vector<double> values);

// Jobs of about one size: GPUs where they asked for any, else nodes.
struct SizeClass {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // inclusive
  std::uint64_t jobs = 0;
  Spread wait_s;
  double wait_max_s = 0;  // starvation shows here
  double slowdown_mean = 0;
};

// Over jobs of two nodes and more: the leaves that each got against the fewest that can hold so
// many nodes on an empty machine.
struct LeafUse {
  std::uint64_t jobs = 0;
  double over_least_mean = 0;  // 1: never more than needed
  double share_at_least = 0;   // of the jobs that got no more than needed
};

struct Figures {
  std::uint64_t jobs = 0;  // that ran to an end
  Spread wait_s;           // from submission to start
  // max(1, (wait + run) / max(run, 10 s)): Feitelson et al., "Theory and practice in parallel job
  // scheduling", JSSPP 1997, with their threshold of 10 s.
  Spread bounded_slowdown;
  std::vector<double> wait_percentiles_s;  // [i]: i % of the jobs waited no longer; 0 to 100
  Unit unit = Unit::kGpu;
  double utilisation = 0;                     // of unit time, from first submission to last end
  double utilisation_submitting = 0;          // from first submission to last submission
  std::vector<double> utilisation_over_time;  // kPeriods even parts of the whole
  // Of the unit time that was free, the share on nodes that were partly used: what jobs that ask
  // for whole nodes could not have.
  double fragmentation = 0;
  LeafUse leaves;
  std::vector<SizeClass> sizes;  // those with jobs, ascending
  Seconds simulated{0};          // from first submission to last end
};

class Metrics {
 public:
  static constexpr std::size_t kPeriods = 200;

  Metrics(const ClusterConfig& cluster, Unit unit, Time start);

  // Every event of the run, in order, with the time of its row.
  void take(Time at, const Event& event);

  [[nodiscard]] Figures figures() const;

 private:
  struct Share {
    NodeId node;
    std::uint64_t units = 0;
  };
  struct Current {
    Time submitted;
    std::optional<Time> started;
    std::uint64_t size = 0;     // GPUs, else nodes
    std::vector<Share> shares;  // in rank order
  };
  struct Finished {
    double wait_s = 0;
    double slowdown = 0;
    std::uint64_t size = 0;
  };
  struct Use {
    Time at;
    std::uint64_t units = 0;  // held from then on
  };

  void place(const AttemptPlaced& event);
  void end(const AttemptEnded& event);
  void go_on_to(Time now);
  // So many units of the node are held from now on.
  void hold(NodeId node, std::uint64_t units);
  void note_leaves(const Allocation& allocation);
  [[nodiscard]] std::size_t least_leaves(std::size_t nodes) const;
  [[nodiscard]] double utilisation_until(Time last) const;
  [[nodiscard]] std::vector<double> over_time(Time last) const;
  [[nodiscard]] std::vector<SizeClass> size_classes() const;

  const ClusterConfig& cluster_;
  Unit unit_;
  Time start_;
  Time now_;
  Time last_submission_;
  Time last_end_;
  std::vector<std::uint64_t> units_of_class_;
  std::vector<std::size_t> nodes_of_leaf_;  // descending: the largest leaf first
  std::vector<std::uint64_t> held_on_;      // by node
  std::uint64_t all_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t broken_ = 0;  // free units on nodes that are partly used
  double free_time_ = 0;      // unit seconds
  double broken_time_ = 0;
  std::uint64_t leaf_jobs_ = 0;
  std::uint64_t leaf_jobs_at_least_ = 0;
  double leaf_ratio_sum_ = 0;
  std::map<JobId, Current> current_;
  std::vector<Finished> finished_;
  std::vector<Use> uses_;  // in order of time
};

}  // namespace usine::sim
