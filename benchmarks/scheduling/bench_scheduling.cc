// What deciding costs on a machine of gigafactory size: a full planning pass over all waiting jobs,
// the pass after one event (a job ends, one in twenty of them of 512 nodes; a job comes), and
// single placements on a machine that has one and a half times the request free. Prints
// full_pass_ms, event_pass_ms, placement_us by GPUs, rss_mib and estimates_ms.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <unistd.h>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"
#include "benchmarks/scheduling/gigafactory.h"
#include "config/cluster_file.h"
#include "scheduler/estimate/estimator.h"
#include "scheduler/placement/gang.h"
#include "topology/discovery/machine.h"

namespace usine::bench {
namespace {

constexpr std::uint64_t kSeed = 20'261'121;
constexpr double kBusy = 0.95;
constexpr std::uint32_t kKept = 100;  // starts, of as many blocked jobs
constexpr std::uint32_t kLargeEvery = 20;
constexpr std::uint32_t kPlacementGpus[] = {1, 8, 64, 512, 4096};

template <typename Action>
double measure_us(const Action& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  return took.count();
}

double rss_mib() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

Result<ClusterConfig> cluster(const Options& options) {
  const std::string& file = options.texts.at("cluster");
  if (!file.empty()) {
    auto loaded = config::load_cluster_file(file);
    if (!loaded) return fail(discovery::to_error(loaded.error()));
    return std::move(loaded->cluster);
  }
  auto shape = discovery::load_machine("dgx-h100");
  if (!shape) return fail(shape.error());
  const auto gpus = static_cast<std::size_t>(options.counts.at("gpus"));
  if (gpus > shape->gpus.size()) return fail(ErrorCode::kInvalid, "--gpus is at most 8");
  return make_cluster(static_cast<std::uint32_t>(options.counts.at("nodes")),
                      keep_first_gpus(*std::move(shape), gpus));
}

std::uint32_t gpus_per_node(const ClusterConfig& config) {
  return static_cast<std::uint32_t>(config.classes.front().shape.gpus.size());
}

// ---- passes ------------------------------------------------------------------------------------

Spread full_passes(PlannerDriver& driver, std::int64_t rounds) {
  std::vector<double> took_ms;
  for (std::int64_t i = 0; i < rounds; ++i) {
    driver.planner().decide_afresh();
    took_ms.push_back(measure_us([&] { static_cast<void>(driver.planner().plan(driver.now)); }) /
                      1'000);
  }
  return spread_of(std::move(took_ms));
}

// A job of kLargeNodes whole nodes or more that runs, where there is one.
std::optional<JobId> large_job(const State& state, const std::vector<JobId>& running) {
  std::optional<JobId> found;
  for (const JobId id : running) {
    const std::size_t nodes = state.find_job(id)->attempt->nodes.size();
    if (nodes >= kLargeNodes) found = id;
  }
  return found;
}

// One event, then passes until the planner has nothing more to do; what starts, runs.
double absorb(PlannerDriver& driver, std::vector<double>& passes_ms) {
  double total_ms = 0;
  while (driver.planner().has_work(driver.now)) {
    Plan plan;
    const double took_ms = measure_us([&] { plan = driver.planner().plan(driver.now); }) / 1'000;
    passes_ms.push_back(took_ms);
    total_ms += took_ms;
    driver.carry_out(plan);
    if (plan.proposals.starts.empty()) break;
  }
  return total_ms;
}

struct EventFigures {
  std::vector<double> passes_ms;                       // of all
  std::map<std::string, std::vector<double>> by_kind;  // all passes that one event led to
};

EventFigures event_passes(PlannerDriver& driver, Workload& workload, std::int64_t events) {
  EventFigures figures;
  std::vector<double> ignored;
  absorb(driver, ignored);
  for (std::int64_t i = 0; i < events; ++i) {
    driver.now += Millis{1};
    const std::vector<JobId>& running = driver.running();
    const auto large = i % kLargeEvery == 0 ? large_job(driver.state(), running) : std::nullopt;
    const std::string kind = large ? "large_end" : i % 2 == 0 ? "submit" : "end";
    if (kind == "submit") driver.submit(workload.next(true));
    if (kind != "submit") driver.end(large ? *large : running[workload.below(running.size())]);
    figures.by_kind[kind].push_back(absorb(driver, figures.passes_ms));
  }
  return figures;
}

// ---- single placements -------------------------------------------------------------------------

JobRequest request_of(std::uint32_t gpus, std::uint32_t per_node) {
  JobRequest request;
  Component component;
  component.nodes = (gpus + per_node - 1) / per_node;
  component.per_node.gpus = gpus / component.nodes;
  component.per_node.cores = component.per_node.gpus;
  request.components = {component};
  return request;
}

// Books every node but for some chosen at random, which together have 1.5 times the request free.
void occupy(Machine& machine, const Component& asked, std::mt19937_64& random) {
  std::vector<NodeId> nodes;
  for (std::uint32_t i = 0; i < machine.state().nodes.size(); ++i) nodes.push_back(NodeId{i});
  std::ranges::shuffle(nodes, random);
  const std::size_t free = (asked.nodes * 3 + 1) / 2;
  for (std::size_t i = free; i < nodes.size(); ++i) {
    NodeShare share;
    share.node = nodes[i];
    share.gpus = machine.free(nodes[i]).gpus;
    share.cores = machine.free(nodes[i]).cores;
    machine.book(share);
  }
}

Spread placements(const State& state, std::uint32_t gpus, std::int64_t rounds) {
  Machine machine(state);
  GangPlacer placer(machine);
  const auto request =
      std::make_shared<const JobRequest>(request_of(gpus, gpus_per_node(*state.config)));
  const Demand demand = make_demand(machine, PartitionId{0}, request, Switches::kAsAsked);
  std::mt19937_64 random(kSeed);
  std::vector<double> took_us;
  for (std::int64_t round = 0; round < rounds; ++round) {
    occupy(machine, request->components.front(), random);
    const std::size_t mark = machine.mark();
    for (int again = 0; again < 5; ++again) {
      bool placed = false;
      const double us = measure_us(
          [&] { placed = placer.place(demand, {Time{}, Millis{3'600'000}}).has_value(); });
      if (placed) took_us.push_back(us);
      machine.roll_back(mark);
    }
    machine.roll_back(0);
  }
  return spread_of(std::move(took_us));
}

// ---- all of it ---------------------------------------------------------------------------------

// The estimates of all waiting jobs, as the scheduler makes them beside the planner.
Spread refreshes(const State& state) {
  constexpr int kRefreshes = 5;
  Estimator estimator;
  std::vector<double> took_ms;
  for (int i = 0; i < kRefreshes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    (void)estimator.refresh(state, {}, state.now + Seconds(i));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    took_ms.push_back(took.count());
  }
  return spread_of(std::move(took_ms));
}

Status run(const Options& options) {
  auto config = cluster(options);
  if (!config) return fail(config.error());
  add_partitions(*config);
  config->priority.protected_jobs = kKept;
  const std::uint32_t per_node = gpus_per_node(*config);
  const auto shared = std::make_shared<const ClusterConfig>(*std::move(config));
  Report report("scheduling");
  report.setting("nodes", static_cast<std::int64_t>(shared->nodes.size()));
  report.setting("gpus", per_node);
  report.setting("waiting", options.counts.at("waiting"));
  report.setting("seed", static_cast<std::int64_t>(kSeed));
  PlannerDriver driver(shared);
  std::vector<std::pair<std::string, Spread>> placed;
  for (const std::uint32_t gpus : kPlacementGpus) {
    const std::uint64_t nodes = (gpus + per_node - 1) / per_node;
    if (nodes * 3 / 2 > shared->nodes.size()) continue;
    placed.emplace_back(std::to_string(gpus),
                        placements(driver.state(), gpus, options.counts.at("placements") / 5));
  }
  Workload workload(kSeed, per_node);
  age(driver, workload, kBusy);
  for (std::int64_t i = 0; i < options.counts.at("waiting"); ++i)
    driver.submit(workload.next(true));
  const double rss = rss_mib();
  report.figure("full_pass_ms", full_passes(driver, options.counts.at("rounds")));
  const EventFigures events = event_passes(driver, workload, options.counts.at("events"));
  report.figure("event_pass_ms", spread_of(events.passes_ms));
  std::vector<std::pair<std::string, Spread>> kinds;
  for (const auto& [kind, took_ms] : events.by_kind) kinds.emplace_back(kind, spread_of(took_ms));
  report.figure("event_ms", std::move(kinds));
  report.figure("placement_us", std::move(placed));
  report.figure("rss_mib", rss);
  report.figure("estimates_ms", refreshes(driver.state()));
  std::fputs((options.json ? report.json() : report.text()).c_str(), stdout);
  return {};
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) {
  const auto options = usine::bench::parse_options(argc, argv,
                                                   {{"nodes", 12'500},
                                                    {"gpus", 8},
                                                    {"waiting", 100'000},
                                                    {"rounds", 20},
                                                    {"events", 400},
                                                    {"placements", 500}},
                                                   {{"cluster", ""}});
  if (!options) {
    std::fprintf(stderr, "bench-scheduling: %s\n", options.error().message.c_str());
    return 2;
  }
  if (const auto done = usine::bench::run(*options); !done) {
    std::fprintf(stderr, "bench-scheduling: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
