#include "scheduler/queue/priority.h"

#include <algorithm>
#include <bit>

namespace usine {
namespace {

// Longer than anything else that counts adds up to: a thousand years.
constexpr std::int64_t kExpeditedMs = 31'557'600'000'000;

// The project's part of all shares, of what a project with all of them would get; rounded down.
Millis share_head_start(const ClusterConfig& config, const std::string& name) {
  if (config.priority.share == Millis{0}) return Millis{0};
  const auto project = std::ranges::find(config.projects, name, &Project::name);
  if (project == config.projects.end()) return Millis{0};
  std::int64_t all = 0;
  for (const Project& one : config.projects) all += one.shares;
  return config.priority.share * std::int64_t{project->shares} / std::max<std::int64_t>(all, 1);
}

// How many times the length doubles from a minute on, in thousandths. Between two powers of two of
// minutes it grows evenly: integers decide, and a longer job is never nearer than a shorter one.
std::int64_t doublings_milli(Millis length) {
  constexpr std::int64_t kMinuteMs = 60'000;
  if (length.count() <= kMinuteMs) return 0;
  const auto minutes = static_cast<std::uint64_t>(length.count() / kMinuteMs);
  const int whole = static_cast<int>(std::bit_width(minutes)) - 1;
  const std::int64_t reached = kMinuteMs << whole;
  return 1000 * std::int64_t{whole} + 1000 * (length.count() - reached) / reached;
}

Millis setback_of(Millis length, const PrioritySettings& settings) {
  return settings.length_doubling * doublings_milli(length) / 1000 +
         length * settings.length_milli / 1000;
}

// `length`: what the job is taken to last.
RankFactors factors_with(Millis length, const Job& job, const ClusterConfig& config) {
  const JobRequest& request = *job.request;
  const PrioritySettings& settings = config.priority;
  RankFactors factors;
  factors.since = job.eligible_since.value_or(job.submitted);
  factors.length = setback_of(std::min(length, settings.length_max), settings);
  factors.priority = settings.unit * std::int64_t{request.priority};
  factors.size = settings.per_gpu * static_cast<std::int64_t>(request.total_gpus());
  factors.share = share_head_start(config, request.project);
  if (job.qos.value < config.qos.size()) factors.qos = config.qos[job.qos.value].head_start;
  factors.expedited = job.expedited;
  factors.partition = config.partitions[job.partition.value].head_start;
  return factors;
}

}  // namespace

std::int64_t RankFactors::rank_ms() const {
  const std::int64_t first = expedited ? kExpeditedMs : 0;
  const Millis head_start = priority + size + share + qos + partition;
  return (since.time_since_epoch() + length - head_start).count() - first;
}

RankFactors rank_factors(const Job& job, const ClusterConfig& config) {
  const bool learned = config.priority.length_learned;
  return factors_with(learned ? job.expected_length() : job.limit(), job, config);
}

RankKey rank_of(const Job& job, const ClusterConfig& config) {
  return {rank_factors(job, config).rank_ms(), job.submitted, job.id};
}

RankKey rank_by_limit(const Job& job, const ClusterConfig& config) {
  return {factors_with(job.limit(), job, config).rank_ms(), job.submitted, job.id};
}

}  // namespace usine
