#include "sim/replay.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/digest.h"
#include "scheduler/engine/engine.h"
#include "scheduler/policy/planner.h"

namespace usine::sim {
namespace {

constexpr Time kStart{Millis{24 * 3'600 * 1'000}};
constexpr Seconds kSlowdownThreshold{10};

// ---- figures ----------------------------------------------------------------------------------

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&values](double share) {
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  Spread spread{0, at(0.50), at(0.95), at(0.99)};
  for (const double value : values) spread.mean += value;
  spread.mean /= static_cast<double>(values.size());
  return spread;
}

double to_seconds(Millis duration) { return static_cast<double>(duration.count()) / 1'000; }

// What jobs hold over time, weighed by what the machine has.
class Tally {
 public:
  explicit Tally(const ClusterConfig& cluster) {
    for (const ConfiguredNode& node : cluster.nodes) {
      gpus_ += cluster.classes[node.node_class].shape.gpus.size();
      cores_ += cluster.classes[node.node_class].shape.cores.size();
    }
  }

  void ended(const HistoryRow& row) {
    if (!row.started) return;
    const double wait = to_seconds(*row.started - row.submitted);
    const double run = to_seconds(row.ended - *row.started);
    waits_.push_back(wait);
    const double threshold = static_cast<double>(kSlowdownThreshold.count());
    slowdowns_.push_back(std::max(1.0, (wait + run) / std::max(run, threshold)));
    held_ += run * static_cast<double>(gpus_ > 0 ? row.gpus : row.cores);
    last_end_ = std::max(last_end_, row.ended);
  }

  void fill(ReplayReport& report) const {
    report.jobs = waits_.size();
    report.wait_s = spread_of(waits_);
    report.bounded_slowdown = spread_of(slowdowns_);
    report.simulated = std::chrono::duration_cast<Seconds>(last_end_ - kStart);
    const double whole =
        to_seconds(last_end_ - kStart) * static_cast<double>(gpus_ > 0 ? gpus_ : cores_);
    if (whole > 0) report.utilisation = held_ / whole;
  }

 private:
  std::uint64_t gpus_ = 0;
  std::uint64_t cores_ = 0;
  std::vector<double> waits_;
  std::vector<double> slowdowns_;
  double held_ = 0;  // GPU or core seconds
  Time last_end_ = kStart;
};

// ---- the run ----------------------------------------------------------------------------------

class Replay {
 public:
  Replay(std::shared_ptr<const ClusterConfig> cluster, const std::vector<TraceJob>& trace)
      : cluster_(std::move(cluster)),
        engine_(State{}, {Epoch{1}, cluster_, "simulation"}, kStart),
        planner_(State{}),
        tally_(*cluster_) {
    if (trace.empty()) return;
    const Seconds first = std::ranges::min(trace, {}, &TraceJob::submit).submit;
    for (const TraceJob& job : trace) submissions_.emplace(kStart + (job.submit - first), &job);
  }

  ReplayReport run() {
    for (const ConfiguredNode& node : cluster_->nodes) {
      tell(AgentHello{{node.name, "boot", "", nullptr, {}}});
    }
    while (const std::optional<Time> next = next_event()) {
      now_ = std::max(now_, *next);
      end_jobs();
      submit_jobs();
      if (const auto tick = engine_.next_tick(); tick && *tick <= now_) tell(Tick{});
      while (planner_.has_work(now_)) {
        Plan plan = planner_.plan(now_);
        if (!plan.proposals.starts.empty()) tell(std::move(plan.proposals));
      }
    }
    tally_.fill(report_);
    for (const auto& [id, job] : engine_.state().jobs) report_.stuck += is_final(job.state) ? 0 : 1;
    digest_.add(digest(engine_.state()));
    report_.digest = to_hex(digest_.finish());
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::optional<Time> next_event() const {
    std::optional<Time> next = engine_.next_tick();
    const auto take = [&next](Time at) { next = next ? std::min(*next, at) : at; };
    if (!submissions_.empty()) take(submissions_.begin()->first);
    if (!ends_.empty()) take(ends_.begin()->first);
    if (const auto wake = planner_.next_wake()) take(*wake);
    return next;
  }

  void submit_jobs() {
    while (!submissions_.empty() && submissions_.begin()->first <= now_) {
      const TraceJob& job = *submissions_.begin()->second;
      submissions_.erase(submissions_.begin());
      if (!job.run && !job.limit) {
        ++report_.skipped;
        continue;
      }
      const NodeShape& shape = cluster_->classes[cluster_->nodes.front().node_class].shape;
      auto request = std::make_shared<JobRequest>(request_of(job, shape));
      runs_[engine_.state().next_job] = job.run.value_or(request->time_limit);
      const Caller caller{request->user, 0, 0, false};
      engine_.handle(SubmitJob{caller, std::move(request), false}, 1, now_);
      settle();
    }
  }

  void end_jobs() {
    while (!ends_.empty() && ends_.begin()->first <= now_) {
      const AttemptKey key = ends_.begin()->second;
      ends_.erase(ends_.begin());
      const Attempt* const attempt = engine_.state().find_attempt(key);
      if (attempt == nullptr || attempt->stop) continue;  // its limit came first
      tell(AgentEnded{attempt->allocation.nodes.front().node, {key, {}, now_ - *attempt->started}});
    }
  }

  void tell(Command command) {
    engine_.handle(command, 0, now_);
    settle();
  }

  // Hands out what was decided, and what agents answer to it, until nobody has anything to say.
  void settle() {
    while (true) {
      const Batch batch = engine_.take_batch();
      if (batch.empty()) return;
      for (const JournalRow& row : batch.commit.rows) digest_.add(row.events);
      for (const Applied& row : *batch.applied) {
        planner_.apply_row(row.sequence, row.time, row.events);
      }
      for (const HistoryRow& row : batch.commit.history) tally_.ended(row);
      for (const PendingReply& reply : batch.replies) {
        if (reply.reply) continue;
        if (report_.refused++ == 0) report_.first_refusal = reply.reply.error().message;
      }
      for (const AgentEffect& effect : batch.effects) {
        std::visit([&](const auto& message) { obey(effect.node, message); }, effect.message);
      }
    }
  }

  void obey(NodeId node, const Prepare& message) {
    engine_.handle(AgentPrepared{node, {message.key, true, false, {}, "simulated"}}, 0, now_);
  }
  void obey(NodeId node, const Start& message) {
    const Attempt& attempt = *engine_.state().find_attempt(message.key);
    if (attempt.allocation.nodes.front().node == node) {
      ends_.emplace(now_ + runs_.at(message.key.job), message.key);
    }
  }
  void obey(NodeId node, const Stop& message) {
    const ExitStatus stopped{EndCause::kStopped, 0, 0, {}};
    engine_.handle(AgentEnded{node, {message.key, stopped}}, 0, now_);
  }
  void obey(NodeId, const Forget&) {}
  void obey(NodeId, const Welcome&) {}

  std::shared_ptr<const ClusterConfig> cluster_;
  Engine engine_;
  Planner planner_;
  Tally tally_;
  Time now_ = kStart;
  std::multimap<Time, const TraceJob*> submissions_;
  std::set<std::pair<Time, AttemptKey>> ends_;  // of running jobs, unless a limit comes first
  std::map<JobId, Seconds> runs_;
  Sha256 digest_;
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> replay(std::shared_ptr<const ClusterConfig> cluster,
                            const std::vector<TraceJob>& trace) {
  if (cluster->nodes.empty()) return fail(ErrorCode::kInvalid, "the cluster has no nodes");
  return Replay(std::move(cluster), trace).run();
}

}  // namespace usine::sim
