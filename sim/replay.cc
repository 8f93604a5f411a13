#include "sim/replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <utility>

#include "common/digest.h"
#include "scheduler/core/decide.h"
#include "scheduler/engine/journal.h"
#include "scheduler/policy/planner.h"
#include "sim/offered_load.h"
#include "sim/replay_estimates.h"

namespace usine::sim {
namespace {

constexpr Time kStart{Millis{24 * 3'600 * 1'000}};

std::shared_ptr<const ClusterConfig> with_order(std::shared_ptr<const ClusterConfig> cluster,
                                                const ReplayPolicy& policy) {
  auto ordered = std::make_shared<ClusterConfig>(*cluster);
  if (policy.priority) ordered->priority = *policy.priority;
  if (policy.protected_jobs) ordered->priority.protected_jobs = *policy.protected_jobs;
  return ordered;
}

class Replay {
 public:
  Replay(std::shared_ptr<const ClusterConfig> cluster, const std::vector<TraceJob>& trace,
         const ReplayOptions& options)
      : cluster_(with_order(std::move(cluster), options.policy)),
        trace_(trace),
        planner_(State{}, options.policy.limits),
        metrics_(*cluster_, offered_load(*cluster_, trace).unit, kStart) {
    if (options.estimates_every > Millis{0}) {
      estimates_.emplace(options.estimates_every);
    }
    report_.policy = options.policy.name;
    report_.starts.resize(trace.size());
    if (trace.empty()) return;
    const Millis first = std::ranges::min(trace, {}, &TraceJob::submit).submit;
    for (std::size_t i = 0; i < trace.size(); ++i) {
      submissions_.push_back({kStart + (trace[i].submit - first), i});
    }
    std::ranges::stable_sort(submissions_, {}, &Submission::at);
  }

  ReplayReport run() {
    tell(StartEpoch{Epoch{1}});
    tell(Configure{"simulation", cluster_});
    for (const ConfiguredNode& node : cluster_->nodes) {
      tell(AgentHello{{node.name, "boot", "", nullptr, {}}});
    }
    while (const std::optional<Time> next = next_event()) {
      now_ = std::max(now_, *next);
      end_jobs();
      submit_jobs();
      if (const auto tick = next_deadline(state_); tick && *tick <= now_) tell(Tick{});
      plan();
      if (estimates_) estimates_->refresh_if_due(state_, planner_.promises(), now_);
    }
    if (estimates_) report_.estimates = estimates_->figures();
    report_.figures = metrics_.figures();
    for (const auto& [id, job] : state_.jobs) report_.stuck += is_final(job.state) ? 0 : 1;
    digest_.add(digest(state_));
    report_.digest = to_hex(digest_.finish());
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::optional<Time> next_event() const {
    std::optional<Time> next = next_deadline(state_);
    const auto take = [&next](Time at) { next = next ? std::min(*next, at) : at; };
    if (submitted_ < submissions_.size()) take(submissions_[submitted_].at);
    if (!ends_.empty()) take(ends_.begin()->first);
    if (const auto wake = planner_.next_wake()) take(*wake);
    return next;
  }

  void plan() {
    while (planner_.has_work(now_)) {
      Plan plan = planner_.plan(now_);
      ++report_.passes;
      if (!plan.proposals.empty()) tell(std::move(plan.proposals));
    }
  }

  void submit_jobs() {
    for (; submitted_ < submissions_.size() && submissions_[submitted_].at <= now_; ++submitted_) {
      const std::size_t index = submissions_[submitted_].index;
      const TraceJob& job = trace_[index];
      if (!job.run && !job.limit) {
        ++report_.skipped;
        continue;
      }
      const NodeShape& shape = cluster_->classes[cluster_->nodes.front().node_class].shape;
      auto request = std::make_shared<JobRequest>(request_of(job, shape));
      jobs_.insert_or_assign(state_.next_job,
                             Submitted{index, job.run.value_or(request->time_limit)});
      const Caller caller{request->user, 0, 0, false};
      tell(SubmitJob{caller, std::move(request), false});
    }
  }

  void end_jobs() {
    while (!ends_.empty() && ends_.begin()->first <= now_) {
      const AttemptKey key = ends_.begin()->second;
      ends_.erase(ends_.begin());
      const Attempt* const attempt = state_.find_attempt(key);
      if (attempt == nullptr || attempt->stop) continue;  // its limit came first
      tell(AgentEnded{attempt->allocation.nodes.front().node, {key, {}, now_ - *attempt->started}});
    }
  }

  // Decides, and lets the agents answer to what was decided until nobody has anything to say.
  void tell(Command command) {
    decide_one(command);
    while (!answers_.empty()) {
      const Answer answer = answers_.front();
      answers_.pop_front();
      if (answer.stops) {
        end_all(answer.key);
      } else {
        prepare_all(answer.key);
      }
    }
  }

  void decide_one(const Command& command) {
    const Decision decision = decide(state_, command, now_);
    if (!decision.reply && report_.refused++ == 0) {
      report_.first_refusal = decision.reply.error().message;
    }
    if (decision.events.empty()) return;
    const Sequence sequence{state_.sequence.value + 1};
    advance(state_, sequence, now_);
    digest_.add(encode_events(decision.events));
    planner_.apply_row(sequence, now_, decision.events);
    report_.events += decision.events.size();
    if (estimates_) estimates_->take(state_, decision.events, now_);
    for (const Event& event : decision.events) {
      metrics_.take(now_, event);
      note(event);
    }
  }

  void note(const Event& event) {
    if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
      answers_.push_back({{placed->job, placed->attempt}, false});
    } else if (const auto* const started = std::get_if<AttemptStarted>(&event)) {
      const Submitted& job = jobs_.at(started->key.job);
      report_.starts[job.index] = now_ - kStart;
      ends_.emplace(now_ + job.run, started->key);
    } else if (const auto* const stop = std::get_if<StopRequested>(&event)) {
      answers_.push_back({stop->key, true});
    } else if (const auto* const ended = std::get_if<JobEnded>(&event)) {
      jobs_.erase(ended->job);
    }
  }

  void prepare_all(AttemptKey key) {
    for (const NodeId node : answering_nodes(key)) {
      decide_one(AgentPrepared{node, {key, true, false, {}, "simulated"}});
    }
  }
  void end_all(AttemptKey key) {
    const ExitStatus stopped{EndCause::kStopped, 0, 0, {}};
    for (const NodeId node : answering_nodes(key)) decide_one(AgentEnded{node, {key, stopped}});
  }

  // The last node answers first: what the core looks for among the others is then the first of
  // them, however large the gang. None where the attempt is over already.
  [[nodiscard]] std::vector<NodeId> answering_nodes(AttemptKey key) const {
    std::vector<NodeId> nodes;
    const Attempt* const attempt = state_.find_attempt(key);
    if (attempt == nullptr) return nodes;
    for (const NodeShare& share : attempt->allocation.nodes | std::views::reverse) {
      nodes.push_back(share.node);
    }
    return nodes;
  }

  struct Submission {
    Time at;
    std::size_t index = 0;  // in the trace
  };
  struct Submitted {
    std::size_t index = 0;  // in the trace
    Millis run{0};
  };
  // What the agents of an attempt have been told.
  struct Answer {
    AttemptKey key;
    bool stops = false;  // else: prepares
  };

  std::shared_ptr<const ClusterConfig> cluster_;
  const std::vector<TraceJob>& trace_;
  State state_;
  Planner planner_;
  Metrics metrics_;
  std::optional<ReplayEstimates> estimates_;
  Time now_ = kStart;
  std::vector<Submission> submissions_;         // in order of time
  std::size_t submitted_ = 0;                   // of them
  std::map<JobId, Submitted> jobs_;             // until they end
  std::set<std::pair<Time, AttemptKey>> ends_;  // of running jobs, unless a limit comes first
  std::deque<Answer> answers_;
  Sha256 digest_;
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> replay(std::shared_ptr<const ClusterConfig> cluster,
                            const std::vector<TraceJob>& trace, const ReplayOptions& options) {
  if (cluster->nodes.empty()) return fail(ErrorCode::kInvalid, "the cluster has no nodes");
  return Replay(std::move(cluster), trace, options).run();
}

}  // namespace usine::sim
