#include "scheduler/daemon/event_log.h"

#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

namespace usine::daemon {
namespace {

constexpr int kNice = 5;

// Words between quotes in a log line: no quote or line end of a user's makes two of it.
std::string quoted(std::string text) {
  for (char& c : text) {
    if (c == '"') c = '\'';
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return '"' + text + '"';
}

std::string key_of(AttemptKey key) {
  return fmt::format("job={} attempt={}", key.job.value, key.attempt.value);
}

std::string exit_of(const ExitStatus& exit) {
  return fmt::format("cause={} exit_code={} signal={}", to_string(exit.cause), exit.exit_code,
                     exit.signal);
}

// What follows "event=NAME " for each kind; empty: not logged.
struct Line {
  const ClusterConfig& config;

  std::string operator()(const ClusterConfigured&) const {
    return fmt::format("nodes={}", config.nodes.size());
  }
  std::string operator()(const NodeJoined& one) const { return node(one.node); }
  std::string operator()(const NodeUnreachable& one) const { return node(one.node); }
  std::string operator()(const NodeLost& one) const {
    return node(one.node) + " reason=" + quoted(one.reason);
  }
  std::string operator()(const NodeFenced& one) const { return node(one.node); }
  std::string operator()(const NodeDrained& one) const {
    return node(one.node) + " author=" + quoted(one.drain.author) +
           " reason=" + quoted(one.drain.reason);
  }
  std::string operator()(const NodeResumed& one) const { return node(one.node); }
  std::string operator()(const JobSubmitted& one) const {
    return fmt::format("job={} user={} nodes={} gpus={} name={}", one.job.value, one.request->user,
                       one.request->total_nodes(), one.request->total_gpus(),
                       quoted(one.request->name));
  }
  std::string operator()(const JobHeld& one) const { return fmt::format("job={}", one.job.value); }
  std::string operator()(const JobReleased& one) const {
    return fmt::format("job={}", one.job.value);
  }
  std::string operator()(const AttemptPlaced& one) const {
    return key_of({one.job, one.attempt}) + fmt::format(" nodes={} head={}",
                                                        one.allocation.nodes.size(),
                                                        name(one.allocation.nodes.front().node));
  }
  std::string operator()(const AttemptStarted& one) const { return key_of(one.key); }
  std::string operator()(const StopRequested& one) const {
    return key_of(one.key) +
           fmt::format(" cause={} text={}", to_string(one.stop.cause), quoted(one.stop.text));
  }
  std::string operator()(const AttemptSignalled& one) const {
    return key_of(one.key) +
           fmt::format(" signal={} warning={}", signal_name(one.what.signal), one.warning);
  }
  std::string operator()(const SuspensionSet& one) const {
    return key_of(one.key) + fmt::format(" suspended={}", one.suspended);
  }
  std::string operator()(const EpilogStarted& one) const {
    return key_of(one.key) + fmt::format(" node={} {}", one.index, exit_of(one.exit));
  }
  std::string operator()(const AttemptEnded& one) const {
    return key_of(one.key) +
           fmt::format(" outcome={} {}", to_string(one.outcome), exit_of(one.exit));
  }
  std::string operator()(const JobRequeued& one) const {
    return fmt::format("job={} reason={}", one.job.value, quoted(one.text));
  }
  std::string operator()(const JobEnded& one) const {
    return fmt::format("job={} outcome={} {} message={}", one.job.value, to_string(one.outcome),
                       exit_of(one.exit), quoted(one.message));
  }
  std::string operator()(const JobLimitSet& one) const {
    return fmt::format("job={} time_limit_s={}", one.job.value, one.time_limit.count());
  }
  std::string operator()(const JobMarked& one) const {
    return fmt::format("job={} progress={}", one.job.value, quoted(one.checkpoint.progress));
  }
  std::string operator()(const JobClaimed& one) const {
    return fmt::format("job={} nodes={}", one.job.value, one.claim.allocation.nodes.size());
  }
  std::string operator()(const ClaimDropped& one) const {
    return fmt::format("job={}", one.job.value);
  }
  std::string operator()(const ArrayTaskStarted& one) const {
    return fmt::format("array={} position={} job={}", one.array.value, one.position, one.job.value);
  }
  std::string operator()(const ArrayTasksEnded& one) const {
    return fmt::format("array={} tasks={} outcome={}", one.array.value, one.tasks.count(),
                       to_string(one.outcome));
  }
  std::string operator()(const ArrayTasksRenewed& one) const {
    return fmt::format("array={} tasks={}", one.array.value, one.tasks.count());
  }
  std::string operator()(const ArrayLimitSet& one) const {
    return fmt::format("array={} limit={}", one.array.value, one.limit);
  }
  std::string operator()(const DependencyChanged& one) const {
    return fmt::format("job={} part={} state={}", one.job.value, one.index,
                       to_string(one.status.phase));
  }
  std::string operator()(const DependenciesSet& one) const {
    return fmt::format("job={} dependencies={}", one.job.value,
                       quoted(to_string(one.dependencies.wanted)));
  }
  std::string operator()(const ReservationCreated& one) const {
    return fmt::format("name={} author={} nodes={}", quoted(one.reservation.request.name),
                       quoted(one.reservation.author), one.reservation.nodes.size());
  }
  std::string operator()(const ReservationDeleted& one) const { return "name=" + quoted(one.name); }
  std::string operator()(const ReservationTurned& one) const {
    return fmt::format("name={} window={} open={}", quoted(one.name), one.window, one.open);
  }
  std::string operator()(const ReservedNodeChanged& one) const {
    const bool replaced = one.change == ReservedNodeChange::kReplaced;
    return fmt::format("name={} {} change={}", quoted(one.name), node(one.node),
                       replaced ? "replaced by " + name(one.replacement)
                       : one.change == ReservedNodeChange::kBack ? "back"
                                                                 : "failed");
  }
  // Parts of what other lines say, and bookkeeping.
  std::string operator()(const EpochStarted&) const { return {}; }
  std::string operator()(const NodePrepared&) const { return {}; }
  std::string operator()(const AttemptNodeEnded&) const { return {}; }
  std::string operator()(const JobForgotten&) const { return {}; }

  [[nodiscard]] const std::string& name(NodeId id) const { return config.nodes[id.value].name; }
  [[nodiscard]] std::string node(NodeId id) const { return "node=" + name(id); }
};

}  // namespace

std::optional<std::string> log_line(const Event& event, const ClusterConfig& config) {
  const std::string rest = std::visit(Line{config}, event);
  if (rest.empty()) return std::nullopt;
  return fmt::format("event={} {}", name_of(event), rest);
}

void EventLog::start() {
  thread_ = std::thread([this] { run(); });
}

void EventLog::stop() {
  waiting_.close();
  if (thread_.joinable()) thread_.join();
}

void EventLog::take(const AppliedRows& rows) {
  if (!waiting_.try_push(AppliedRows(rows))) rows_left_out_ += rows->size();
}

void EventLog::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  while (true) {
    auto [batches, ended] = waiting_.pop_all();
    if (ended) return;
    for (const AppliedRows& rows : batches) {
      for (const Applied& row : *rows) write(row);
    }
    const std::uint64_t left_out = rows_left_out_.exchange(0);
    if (left_out > 0) spdlog::warn("event=log_gap rows_left_out={}", left_out);
  }
}

void EventLog::write(const Applied& row) {
  for (const Event& event : row.events) {
    if (const auto* const configured = std::get_if<ClusterConfigured>(&event)) {
      config_ = configured->config;
    }
    if (const auto line = log_line(event, *config_)) {
      spdlog::info("{} sequence={}", *line, row.sequence.value);
    }
  }
}

}  // namespace usine::daemon
