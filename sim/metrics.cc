#include "sim/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "common/check.h"

namespace usine::sim {
namespace {

constexpr double kSlowdownThreshold_s = 10;

// The upper ends of the size classes; above the last there is one more.
constexpr std::array<std::uint64_t, 6> kSizeEnds = {1, 8, 64, 512, 4'096, 1'000'000'000};

double to_seconds(Millis duration) { return static_cast<double>(duration.count()) / 1'000; }

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of sorted values, by nearest rank; `share` from 0 to 1.
double at_share(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::uint64_t units_of(const NodeShare& share, Unit unit) {
  return unit == Unit::kGpu ? share.gpus.count() : share.cores.count();
}

std::size_t class_of_size(std::uint64_t size) {
  return static_cast<std::size_t>(std::ranges::lower_bound(kSizeEnds, size) - kSizeEnds.begin());
}

}  // namespace

std::string_view to_string(Unit unit) { return unit == Unit::kGpu ? "gpu" : "core"; }

std::vector<std::uint64_t> units_of_classes(const ClusterConfig& cluster, Unit unit) {
  std::vector<std::uint64_t> units;
  for (const NodeClass& one : cluster.classes) {
    units.push_back(unit == Unit::kGpu ? one.shape.gpus.size() : one.shape.cores.size());
  }
  return units;
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  return {mean_of(values), at_share(values, 0.50), at_share(values, 0.95), at_share(values, 0.99)};
}

Metrics::Metrics(const ClusterConfig& cluster, Unit unit, Time start)
    : cluster_(cluster),
      unit_(unit),
      start_(start),
      now_(start),
      last_submission_(start),
      last_end_(start),
      units_of_class_(units_of_classes(cluster, unit)),
      held_on_(cluster.nodes.size(), 0) {
  std::map<DomainId, std::size_t> nodes;
  for (const ConfiguredNode& node : cluster.nodes) {
    all_ += units_of_class_[node.node_class];
    ++nodes[node.leaf];
  }
  for (const auto& [leaf, count] : nodes) nodes_of_leaf_.push_back(count);
  std::ranges::sort(nodes_of_leaf_, std::greater());
}

void Metrics::take(Time at, const Event& event) {
  go_on_to(at);
  if (const auto* const submitted = std::get_if<JobSubmitted>(&event)) {
    current_[submitted->job].submitted = at;
    last_submission_ = at;
  } else if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
    place(*placed);
  } else if (const auto* const started = std::get_if<AttemptStarted>(&event)) {
    current_.at(started->key.job).started = at;
  } else if (const auto* const freed = std::get_if<AttemptNodeEnded>(&event)) {
    const Share& share = current_.at(freed->key.job).shares.at(freed->index);
    hold(share.node, held_on_[share.node.value] - share.units);
  } else if (const auto* const ended = std::get_if<AttemptEnded>(&event)) {
    end(*ended);
  } else if (const auto* const over = std::get_if<JobEnded>(&event)) {
    current_.erase(over->job);
  }
}

void Metrics::place(const AttemptPlaced& event) {
  Current& job = current_.at(event.job);
  job.shares.clear();
  job.size = event.allocation.total_gpus();
  if (job.size == 0) job.size = event.allocation.nodes.size();
  for (const NodeShare& share : event.allocation.nodes) {
    job.shares.push_back({share.node, units_of(share, unit_)});
    hold(share.node, held_on_[share.node.value] + job.shares.back().units);
  }
  note_leaves(event.allocation);
}

void Metrics::end(const AttemptEnded& event) {
  last_end_ = now_;
  const Current& job = current_.at(event.key.job);
  if (!job.started) return;
  const double wait = to_seconds(*job.started - job.submitted);
  const double run = to_seconds(now_ - *job.started);
  const double slowdown = std::max(1.0, (wait + run) / std::max(run, kSlowdownThreshold_s));
  finished_.push_back({wait, slowdown, job.size});
}

void Metrics::go_on_to(Time now) {
  if (now == now_) return;
  const double passed = to_seconds(now - now_);
  free_time_ += passed * static_cast<double>(all_ - held_);
  broken_time_ += passed * static_cast<double>(broken_);
  if (uses_.empty() || uses_.back().units != held_) uses_.push_back({now_, held_});
  now_ = now;
}

void Metrics::hold(NodeId node, std::uint64_t units) {
  const std::uint64_t all = units_of_class_[cluster_.nodes[node.value].node_class];
  std::uint64_t& held = held_on_[node.value];
  CHECK_THAT(units <= all);
  if (held > 0) broken_ -= all - held;
  if (units > 0) broken_ += all - units;
  held_ = held_ - held + units;
  held = units;
}

void Metrics::note_leaves(const Allocation& allocation) {
  std::set<NodeId> nodes;
  std::set<DomainId> leaves;
  for (const NodeShare& share : allocation.nodes) {
    nodes.insert(share.node);
    leaves.insert(cluster_.nodes[share.node.value].leaf);
  }
  if (nodes.size() < 2) return;
  const std::size_t least = least_leaves(nodes.size());
  ++leaf_jobs_;
  leaf_jobs_at_least_ += leaves.size() <= least ? 1 : 0;
  leaf_ratio_sum_ += static_cast<double>(leaves.size()) / static_cast<double>(least);
}

std::size_t Metrics::least_leaves(std::size_t nodes) const {
  std::size_t leaves = 0;
  for (std::size_t held = 0; held < nodes && leaves < nodes_of_leaf_.size(); ++leaves) {
    held += nodes_of_leaf_[leaves];
  }
  return leaves;
}

std::vector<double> Metrics::over_time(Time last) const {
  std::vector<double> parts(kPeriods, 0);
  const double length = to_seconds(last - start_) / static_cast<double>(kPeriods);
  if (length <= 0 || all_ == 0) return parts;
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    double from = to_seconds(uses_[i].at - start_);
    const double to = to_seconds((i + 1 < uses_.size() ? uses_[i + 1].at : last) - start_);
    while (from < to) {
      const auto part = std::min(static_cast<std::size_t>(from / length), kPeriods - 1);
      const bool is_last = part + 1 == kPeriods;
      const double end = is_last ? to : std::min(to, static_cast<double>(part + 1) * length);
      parts[part] += (end - from) * static_cast<double>(uses_[i].units);
      if (end <= from) break;  // nothing is left but rounding
      from = end;
    }
  }
  for (double& part : parts) part /= length * static_cast<double>(all_);
  return parts;
}

double Metrics::utilisation_until(Time last) const {
  double held = 0;
  for (std::size_t i = 0; i < uses_.size() && uses_[i].at < last; ++i) {
    const Time to = i + 1 < uses_.size() ? std::min(uses_[i + 1].at, last) : last;
    held += to_seconds(to - uses_[i].at) * static_cast<double>(uses_[i].units);
  }
  const double whole = to_seconds(last - start_) * static_cast<double>(all_);
  return whole > 0 ? held / whole : 0;
}

std::vector<SizeClass> Metrics::size_classes() const {
  std::array<std::vector<double>, kSizeEnds.size()> waits;
  std::array<double, kSizeEnds.size()> slowdowns{};
  for (const Finished& job : finished_) {
    const std::size_t index = class_of_size(job.size);
    waits[index].push_back(job.wait_s);
    slowdowns[index] += job.slowdown;
  }
  std::vector<SizeClass> classes;
  for (std::size_t i = 0; i < kSizeEnds.size(); ++i) {
    if (waits[i].empty()) continue;
    SizeClass one;
    one.from = i == 0 ? 1 : kSizeEnds[i - 1] + 1;
    one.to = kSizeEnds[i];
    one.jobs = waits[i].size();
    one.slowdown_mean = slowdowns[i] / static_cast<double>(one.jobs);
    one.wait_max_s = std::ranges::max(waits[i]);
    one.wait_s = spread_of(std::move(waits[i]));
    classes.push_back(std::move(one));
  }
  return classes;
}

Figures Metrics::figures() const {
  Figures figures;
  std::vector<double> waits;
  std::vector<double> slowdowns;
  for (const Finished& job : finished_) {
    waits.push_back(job.wait_s);
    slowdowns.push_back(job.slowdown);
  }
  std::ranges::sort(waits);
  figures.jobs = finished_.size();
  for (std::size_t i = 0; i <= 100; ++i) {
    figures.wait_percentiles_s.push_back(at_share(waits, static_cast<double>(i) / 100));
  }
  figures.wait_s = spread_of(std::move(waits));
  figures.bounded_slowdown = spread_of(std::move(slowdowns));
  figures.unit = unit_;
  figures.utilisation = utilisation_until(last_end_);
  figures.utilisation_submitting = utilisation_until(last_submission_);
  figures.utilisation_over_time = over_time(last_end_);
  if (free_time_ > 0) figures.fragmentation = broken_time_ / free_time_;
  figures.leaves.jobs = leaf_jobs_;
  if (leaf_jobs_ > 0) {
    const auto jobs = static_cast<double>(leaf_jobs_);
    figures.leaves.over_least_mean = leaf_ratio_sum_ / jobs;
    figures.leaves.share_at_least = static_cast<double>(leaf_jobs_at_least_) / jobs;
  }
  figures.sizes = size_classes();
  figures.simulated = std::chrono::duration_cast<Seconds>(last_end_ - start_);
  return figures;
}

}  // namespace usine::sim
