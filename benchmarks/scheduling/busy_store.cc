#include "benchmarks/scheduling/busy_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "benchmarks/scheduling/gigafactory.h"
#include "benchmarks/scheduling/planner_driver.h"
#include "common/os/files.h"
#include "common/os/system_clock.h"
#include "config/cluster_file.h"
#include "scheduler/store/sqlite_journal.h"
#include "topology/discovery/machine.h"

namespace usine::bench {
namespace {

constexpr std::uint64_t kSeed = 20'261'121;
constexpr double kBusy = 0.95;
constexpr std::uint32_t kGpusPerNode = 8;
constexpr std::uint32_t kNodesPerLeaf = 16;
constexpr std::uint32_t kNodesPerEntry = 64;  // four leaves
constexpr std::uint32_t kEntriesPerRack = 2;
constexpr std::uint32_t kRacksPerCell = 8;
constexpr std::uint32_t kFeatures = 4;
constexpr std::uint32_t kFirstName = 100'000;

std::string names(std::uint32_t first, std::uint32_t end) {
  return "n[" + std::to_string(kFirstName + first) + "-" + std::to_string(kFirstName + end - 1) +
         "]";
}

// `nodes` of the gigafactory's cluster (gigafactory.h), with its partitions and features.
std::string cluster_yaml(std::uint32_t nodes) {
  const std::uint32_t per_cell = kNodesPerEntry * kEntriesPerRack * kRacksPerCell;
  std::string yaml =
      "cluster: benchmark\n"
      "scheduler: {listen: \"127.0.0.1:0\"}\n"
      "classes: {node: {machine: dgx-h100}}\n"
      "timings: {lease_s: 86400, prepare_s: 86400}\n"
      "fabric:\n  site: site\n  children:\n    - cell: \"cell[0-" +
      std::to_string((nodes - 1) / per_cell) +
      "]\"\n      children:\n        - rack: \"{}r[0-7]\"\n"
      "          children:\n            - leaf: \"{}l[0-7]\"\nnodes:\n";
  for (std::uint32_t first = 0; first < nodes; first += kNodesPerEntry) {
    const std::uint32_t entry = first / kNodesPerEntry;
    const std::uint32_t rack = entry / kEntriesPerRack;
    const std::uint32_t leaf = entry % kEntriesPerRack * (kNodesPerEntry / kNodesPerLeaf);
    const std::uint32_t end = std::min(nodes, first + kNodesPerEntry);
    const std::uint32_t leaves = (end - first + kNodesPerLeaf - 1) / kNodesPerLeaf;
    yaml += "  - {names: \"" + names(first, end) + "\", class: node, leaf: \"cell" +
            std::to_string(rack / kRacksPerCell) + "r" + std::to_string(rack % kRacksPerCell) +
            "l[" + std::to_string(leaf) + "-" + std::to_string(leaf + leaves - 1) +
            "]\", features: [f" + std::to_string(entry % kFeatures) + "]}\n";
  }
  yaml += "partitions:\n  main: {nodes: all, default: true}\n";
  yaml += "  half: {nodes: \"" + names(0, std::max(nodes / 2, 2u)) + "\"}\n";
  yaml += "  tenth: {nodes: \"" + names(0, std::max(nodes / 10, 2u)) + "\"}\n";
  return yaml;
}

// Starts what fits until nothing more does.
void settle(PlannerDriver& driver) {
  while (driver.planner().has_work(driver.now)) {
    const Plan plan = driver.planner().plan(driver.now);
    driver.carry_out(plan);
    if (plan.proposals.starts.empty()) return;
  }
}

// As a snapshot after one row, as if all that came before had been dropped.
Status write_store(const std::filesystem::path& file, State state) {
  state.sequence = Sequence{1};
  auto journal = store::SqliteJournal::open({.path = file.string(), .vfs = ""});
  if (!journal) return fail(journal.error());
  const auto epoch = journal->open_epoch();
  if (!epoch) return fail(epoch.error());
  CommitBatch batch;
  batch.cluster_uuid = state.cluster_uuid;
  batch.rows.push_back(
      {state.sequence, state.now, kJournalVersion, encode_command(Tick{}), encode_events({})});
  if (const Status done = journal->commit(*epoch, Sequence{0}, batch); !done) return done;
  return journal->write_snapshot({state.sequence, encode_snapshot(state)});
}

BusyStore description_of(const State& state) {
  BusyStore store;
  store.shape = std::make_shared<const NodeShape>(state.config->classes.front().shape);
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    std::vector<AttemptKey>& keys = store.running[state.node_name(NodeId{i})];
    for (const JobId job : state.nodes[i].jobs) {
      keys.push_back({job, state.find_job(job)->attempt->number});
    }
  }
  for (const auto& [id, job] : state.jobs) {
    if (job.state == JobState::kPending) store.waiting.push_back(id);
  }
  return store;
}

}  // namespace

Result<BusyStore> write_busy_store(const std::filesystem::path& folder, std::uint32_t nodes,
                                   std::int64_t waiting) {
  const std::filesystem::path file = folder / "cluster.yaml";
  std::string yaml = cluster_yaml(nodes);
  if (auto written = os::write_file(file, yaml); !written) return fail(written.error());
  auto loaded = config::load_cluster_file(file.string());
  if (!loaded) return fail(discovery::to_error(loaded.error()));
  PlannerDriver driver(std::make_shared<const ClusterConfig>(std::move(loaded->cluster)));
  driver.now = os::SystemWallClock().now();
  Workload workload(kSeed, kGpusPerNode);
  age(driver, workload, kBusy);
  for (std::int64_t i = 0; i < waiting; ++i) driver.submit(workload.next(true));
  settle(driver);
  const std::int64_t user_jobs = driver.state().config->user_limits.jobs.value_or(1);
  yaml += "limits: {per_user: {running_jobs: " + std::to_string(user_jobs) + "}}\n";
  if (auto written = os::write_file(file, yaml); !written) return fail(written.error());
  const Status stored = write_store(folder / "usine.db", driver.state());
  if (!stored) return fail(stored.error());
  return description_of(driver.state());
}

}  // namespace usine::bench
