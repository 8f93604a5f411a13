#include "benchmarks/scheduling/gigafactory.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace usine::bench {
namespace {

constexpr std::uint32_t kNodesPerLeaf = 16;
constexpr std::uint32_t kLeavesPerRack = 8;
constexpr std::uint32_t kRacksPerCell = 8;
constexpr std::uint32_t kFeatures = 4;
constexpr std::uint32_t kUsers = 500;
constexpr std::uint32_t kBusyUsers = kUsers / 3;
constexpr std::uint32_t kProjects = 200;
constexpr int kFillings = 3;
constexpr std::int64_t kShortest_s = 600;
constexpr std::int64_t kLongest_s = 7 * 24 * 3600;
constexpr int kLimitSteps = 40;  // people round their limits

// The domain that holds the `number`-th of its kind, made when it is met first.
DomainId domain(ClusterConfig& config, DomainKind kind, std::uint32_t number, DomainId parent) {
  const std::string name = std::string(to_string(kind)) + std::to_string(number);
  const auto known = std::ranges::find(config.fabric.domains, name, &Domain::name);
  if (known != config.fabric.domains.end()) {
    return DomainId{static_cast<std::uint32_t>(known - config.fabric.domains.begin())};
  }
  config.fabric.domains.push_back({name, kind, parent});
  return DomainId{static_cast<std::uint32_t>(config.fabric.domains.size() - 1)};
}

std::string user_name(std::uint64_t number) { return "user" + std::to_string(number); }

}  // namespace

ClusterConfig make_cluster(std::uint32_t nodes, NodeShape shape) {
  ClusterConfig config;
  config.name = "benchmark";
  config.classes = {{"node", std::move(shape)}};
  config.fabric.domains = {{"site", DomainKind::kSite, DomainId{0}}};
  DomainId leaf;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    if (i % kNodesPerLeaf == 0) {
      const std::uint32_t number = i / kNodesPerLeaf;
      const std::uint32_t rack = number / kLeavesPerRack;
      const DomainId cell = domain(config, DomainKind::kCell, rack / kRacksPerCell, DomainId{0});
      leaf =
          domain(config, DomainKind::kLeaf, number, domain(config, DomainKind::kRack, rack, cell));
    }
    config.nodes.push_back({"n" + std::to_string(100'000 + i), 0, leaf, {}});
  }
  return config;
}

void add_partitions(ClusterConfig& config) {
  const auto nodes = static_cast<std::uint32_t>(config.nodes.size());
  config.partitions.clear();
  for (const auto& [name, part] :
       {std::pair("main", 1u), std::pair("half", 2u), std::pair("tenth", 10u)}) {
    Partition partition;
    partition.name = name;
    partition.is_default = part == 1;
    for (std::uint32_t i = 0; i < nodes / part; ++i) partition.nodes.push_back(NodeId{i});
    config.partitions.push_back(std::move(partition));
  }
  for (std::uint32_t i = 0; i < nodes; ++i) {
    config.nodes[i].features = {"f" + std::to_string(i / 64 % kFeatures)};
  }
}

std::uint32_t Workload::gpus() {
  const std::uint64_t kind = below(1000);
  const auto from = [this](std::uint32_t least, std::uint32_t doublings) {
    return least << below(doublings + 1);
  };
  if (kind < 600) return 1;
  if (kind < 800) return 8;
  if (kind < 950) return from(16, 2);
  return kind < 999 ? from(128, 2) : from(1024, 2);
}

std::shared_ptr<const JobRequest> Workload::next(bool waiting) {
  const std::uint32_t all = gpus();
  Component component;
  component.nodes = (all + gpus_per_node_ - 1) / gpus_per_node_;
  component.tasks = component.nodes;
  component.per_node.gpus = all / component.nodes;
  const auto per_gpu = static_cast<std::uint32_t>(1 + below(8));
  component.per_node.cores = component.per_node.gpus * per_gpu;
  component.cores_per_task = component.per_node.cores;
  component.per_node.memory_mib =
      static_cast<std::int64_t>(component.per_node.gpus * (1 + below(24)) * 4 * 1024);
  if (below(20) == 0) {
    component.constraint.every.any_of = {{"f" + std::to_string(below(kFeatures))}};
  }
  auto request = std::make_shared<JobRequest>();
  request->name = "job" + std::to_string(made_++);
  request->user = user_name(waiting ? below(kUsers) : below(kBusyUsers));
  request->project = "project" + std::to_string(below(kProjects));
  const double span = std::log(static_cast<double>(kLongest_s) / kShortest_s);
  const double step = static_cast<double>(below(kLimitSteps)) / (kLimitSteps - 1);
  request->time_limit = Seconds(std::llround(kShortest_s * std::exp(span * step)));
  // The largest gangs have the whole machine to look at.
  const std::uint64_t place = component.nodes > 256 ? 0 : below(10);
  if (place == 8) request->partition = "half";
  if (place == 9 && component.nodes <= 16) request->partition = "tenth";
  request->hold = waiting && below(20) == 0;
  request->launch.working_directory = "/tmp";
  request->components = {std::move(component)};
  return request;
}

std::shared_ptr<const JobRequest> Workload::whole_nodes(std::uint32_t nodes) {
  auto request = std::make_shared<JobRequest>(*next(false));
  Component& component = request->components.front();
  component.nodes = nodes;
  component.tasks = nodes;
  component.per_node.gpus = gpus_per_node_;
  component.per_node.cores = gpus_per_node_;
  component.cores_per_task = gpus_per_node_;
  component.constraint = {};
  request->partition.clear();
  return request;
}

std::uint64_t free_gpus(const State& state) {
  std::uint64_t free = 0;
  for (const Node& node : state.nodes) free += node.free_gpus.count();
  return free;
}

namespace {

// One pass; of those jobs, cancels what waits after it.
void start_or_cancel(PlannerDriver& driver, const std::vector<JobId>& jobs) {
  driver.carry_out(driver.planner().plan(driver.now));
  for (const JobId job : jobs) {
    const Job* const found = driver.state().find_job(job);
    if (found == nullptr || found->state != JobState::kPending) continue;
    driver.tell(ActOnJob{{"root", 0, 0, true}, job, JobAction::kCancel});
  }
  driver.now += Millis{1};
}

// Submits until no more than so many GPUs are free.
void fill(PlannerDriver& driver, Workload& workload, std::uint64_t free_target) {
  while (free_gpus(driver.state()) > free_target) {
    std::vector<JobId> jobs;
    for (int i = 0; i < 64; ++i) jobs.push_back(driver.submit(workload.next(false)));
    start_or_cancel(driver, jobs);
  }
}

// None on a machine of which they would take more than a sixth.
void start_large(PlannerDriver& driver, Workload& workload) {
  if (driver.state().nodes.size() < std::size_t{kLargeNodes} * kLargeJobs * 6) return;
  std::vector<JobId> jobs;
  for (std::uint32_t i = 0; i < kLargeJobs; ++i) {
    jobs.push_back(driver.submit(workload.whole_nodes(kLargeNodes)));
  }
  start_or_cancel(driver, jobs);
}

void end_some(PlannerDriver& driver, Workload& workload) {
  for (const JobId job : std::vector(driver.running())) {
    if (workload.below(2) == 0) driver.end(job);
  }
}

// Of the users who run anything, the fewest jobs that one of them runs.
std::int64_t fewest_jobs(const State& state) {
  std::map<std::string, std::int64_t> jobs;
  for (const auto& [id, job] : state.jobs) {
    if (job.state == JobState::kRunning) ++jobs[job.request->user];
  }
  std::int64_t fewest = static_cast<std::int64_t>(state.jobs.size());
  for (const auto& [user, count] : jobs) fewest = std::min(fewest, count);
  return fewest;
}

}  // namespace

void age(PlannerDriver& driver, Workload& workload, double busy) {
  std::uint64_t gpus = 0;
  for (const ConfiguredNode& node : driver.state().config->nodes) {
    gpus += driver.state().config->classes[node.node_class].shape.gpus.size();
  }
  const auto free =
      static_cast<std::uint64_t>(std::llround((1 - busy) * static_cast<double>(gpus)));
  for (int filling = 0; filling < kFillings; ++filling) {
    if (filling > 0) end_some(driver, workload);
    if (filling + 1 == kFillings) start_large(driver, workload);
    fill(driver, workload, free);
  }
  auto bounded = std::make_shared<ClusterConfig>(*driver.state().config);
  bounded->user_limits.jobs = std::max<std::int64_t>(1, fewest_jobs(driver.state()));
  driver.tell(Configure{"", std::move(bounded)});
}

}  // namespace usine::bench
