#include "tools/simulate.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "config/cluster_file.h"
#include "sim/guessed_limits.h"
#include "sim/workload.h"
#include "tools/simulate_policy.h"

namespace usine::tools {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kGigaMix = "giga-mix";
constexpr double kGigaMixLoad = 0.9;

// What is replayed on what.
struct Stage {
  std::shared_ptr<const ClusterConfig> cluster;
  std::vector<sim::TraceJob> jobs;
  double paced = 1;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream) return fail(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
  if (text.starts_with(kGzipMagic)) {
    return fail(ErrorCode::kInvalid, path + " is compressed; unpack it first: gunzip -k " + path);
  }
  return text;
}

Result<std::vector<sim::TraceJob>> read_trace(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  auto trace = sim::parse_trace(*text);
  if (!trace) return fail(trace.error().within(path));
  return trace;
}

std::uint64_t gpus_of(const ClusterConfig& cluster) {
  const auto of_class = sim::units_of_classes(cluster, sim::Unit::kGpu);
  std::uint64_t gpus = 0;
  for (const ConfiguredNode& node : cluster.nodes) gpus += of_class[node.node_class];
  return gpus;
}

Result<Stage> make_up(const SimulateSettings& settings, Stage stage) {
  if (settings.workload != kGigaMix) {
    return fail(ErrorCode::kNotFound, "no workload is called '" + settings.workload +
                                          "'; there is " + std::string(kGigaMix));
  }
  const std::uint64_t gpus = gpus_of(*stage.cluster);
  if (gpus == 0) return fail(ErrorCode::kInvalid, "giga-mix needs a cluster with GPUs");
  stage.jobs = sim::giga_mix(
      {settings.seed, settings.jobs, gpus, settings.offered_load.value_or(kGigaMixLoad)});
  return stage;
}

Result<Stage> set_stage(const SimulateSettings& settings) {
  auto file = config::load_cluster_file(settings.cluster);
  if (!file) return fail(discovery::to_error(file.error()));
  Stage stage;
  stage.cluster = std::make_shared<const ClusterConfig>(std::move(file->cluster));
  if (!settings.workload.empty()) return make_up(settings, std::move(stage));
  auto trace = read_trace(settings.trace);
  if (!trace) return fail(trace.error());
  stage.jobs = std::move(*trace);
  if (!settings.offered_load) return stage;
  auto sized = sim::sized_for(*stage.cluster, stage.jobs, *settings.offered_load);
  if (!sized) return fail(sized.error().within(settings.trace));
  stage.cluster = std::move(*sized);
  const double load = sim::offered_load(*stage.cluster, stage.jobs).share;
  // Rounding to whole nodes is no reason to change when jobs come.
  constexpr double kCloseEnough = 0.98;
  if (load < kCloseEnough * *settings.offered_load) {
    stage.paced = sim::pace(*stage.cluster, *settings.offered_load, stage.jobs);
  }
  return stage;
}

Result<SimulateRun> run(const Stage& stage, const sim::ReplayOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  auto report = sim::replay(stage.cluster, stage.jobs, options);
  if (!report) return fail(report.error());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return SimulateRun{std::move(*report), wall.count()};
}

}  // namespace

Result<Simulated> simulate(const SimulateSettings& settings) {
  std::vector<sim::ReplayPolicy> policies;
  for (const std::string& name : settings.policies) {
    auto policy = read_policy(name);
    if (!policy) return fail(policy.error());
    policies.push_back(std::move(*policy));
  }
  if (policies.empty()) policies.push_back(sim::replay_policies().front());
  auto stage = set_stage(settings);
  if (!stage) return fail(stage.error());
  Simulated made;
  made.cluster = stage->cluster->name;
  made.jobs_from = settings.workload.empty() ? settings.trace : settings.workload;
  made.nodes = stage->cluster->nodes.size();
  made.paced = stage->paced;
  if (!settings.exact_limits) made.limits_guessed = sim::guess_limits(stage->jobs, settings.seed);
  made.load = sim::offered_load(*stage->cluster, stage->jobs);
  for (const sim::ReplayPolicy& policy : policies) {
    auto one = run(*stage, {policy, settings.estimates_every});
    if (!one) return fail(one.error());
    made.runs.push_back(std::move(*one));
  }
  return made;
}

}  // namespace usine::tools
