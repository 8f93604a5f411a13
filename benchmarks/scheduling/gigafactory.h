// A busy machine as bench-scheduling measures it, all of it from one seed: the cluster with three
// overlapping partitions and four features, the mix of requests, a machine that is 95 % busy after
// a history of jobs that came and went, and a queue. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "benchmarks/scheduling/planner_driver.h"
#include "model/cluster.h"
#include "model/request.h"

namespace usine::bench {

// `nodes` nodes of `shape`: 16 to a leaf, 8 leaves to a rack, 8 racks to a cell.
[[nodiscard]] ClusterConfig make_cluster(std::uint32_t nodes, NodeShape shape);

// Partitions "main" (default, all nodes), "half" and "tenth" (the first half and tenth of the
// nodes), and one of the features f0 to f3 on each node, by turns of 64.
void add_partitions(ClusterConfig& config);

class Workload {
 public:
  // GPUs of a node of the cluster that requests are for.
  Workload(std::uint64_t seed, std::uint32_t gpus_per_node)
      : random_(seed), gpus_per_node_(gpus_per_node) {}

  // 60 % of 1 GPU, 20 % of 8, 15 % of 16 to 64, 4.9 % of 128 to 512, 0.1 % of 1,024 to 4,096; time
  // limits from 10 minutes to 7 days, evenly on a logarithmic scale; 1 to 8 cores and 4 to 96 GiB a
  // GPU; one in 20 with a constraint, one in 20 not eligible where `waiting`.
  [[nodiscard]] std::shared_ptr<const JobRequest> next(bool waiting);
  // Of all of their GPUs.
  [[nodiscard]] std::shared_ptr<const JobRequest> whole_nodes(std::uint32_t nodes);
  [[nodiscard]] std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  [[nodiscard]] std::uint32_t gpus();

  std::mt19937_64 random_;
  std::uint32_t gpus_per_node_;
  std::uint64_t made_ = 0;
};

inline constexpr std::uint32_t kLargeNodes = 512;
inline constexpr std::uint32_t kLargeJobs = 4;

// Fills the machine three times over, ending jobs at random in between, until the given share of
// its GPUs is busy, from half full on with up to kLargeJobs gangs of kLargeNodes whole nodes; then
// bounds every user to the jobs that the busiest third of them run.
void age(PlannerDriver& driver, Workload& workload, double busy);

[[nodiscard]] std::uint64_t free_gpus(const State& state);

}  // namespace usine::bench
