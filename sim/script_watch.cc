#include "sim/script_watch.h"

#include <variant>

namespace usine::sim {
namespace {

std::string text_of(AttemptKey key) {
  return "attempt " + std::to_string(key.job.value) + '.' + std::to_string(key.attempt.value);
}

}  // namespace

std::string ScriptWatch::entered(NodeId node, const Prepare& prepare) {
  const JobNode& share = prepare.nodes[prepare.this_node];
  std::string fault;
  for (const auto& [other, held] : present_[node]) {
    if (!held.cores.intersects(share.cores) && !held.gpus.intersects(share.gpus)) continue;
    fault = "[B45] " + text_of(prepare.key) + " gets ready with what " + text_of(other) +
            " has not left";
  }
  present_[node].emplace(prepare.key, share);
  return fault;
}

void ScriptWatch::drained(const NodeDrained& event) {
  std::string& before = told_[event.node];
  for (auto& [text, failure] : failures_) {
    if (failure.node != event.node || before.find(text) != std::string::npos) continue;
    if (event.drain.reason.find(text) != std::string::npos) ++failure.drains;
  }
  before = event.drain.reason;
}

void ScriptWatch::lost_power(NodeId node) {
  std::erase_if(failures_, [node](const auto& entry) {
    return entry.second.node == node && entry.second.drains == 0;
  });
}

std::string ScriptWatch::take(const Event& event) {
  if (const auto* const drain = std::get_if<NodeDrained>(&event)) {
    drained(*drain);
  } else if (const auto* const resumed = std::get_if<NodeResumed>(&event)) {
    told_[resumed->node].clear();
  } else if (const auto* const stop = std::get_if<StopRequested>(&event)) {
    failed_prologs_.erase(stop->key.job);
    if (stop->stop.cause == StopCause::kPrologFailed) failed_prologs_.insert(stop->key.job);
  } else if (const auto* const ended = std::get_if<JobEnded>(&event)) {
    if (failed_prologs_.erase(ended->job) == 0) return {};
    return "[B45] job " + std::to_string(ended->job.value) + " ends for a prolog that failed";
  } else if (const auto* const back = std::get_if<JobRequeued>(&event)) {
    if (failed_prologs_.erase(back->job) == 0 || !back->counts) return {};
    return "[B45] a prolog that failed counts against job " + std::to_string(back->job.value);
  }
  return {};
}

std::string ScriptWatch::at_end() const {
  for (const auto& [text, failure] : failures_) {
    // Drained again where it was resumed, and its agent had not heard that the failure was known.
    if (failure.drains > 0) continue;
    return "[B45] node " + std::to_string(failure.node.value) + " was not drained although " + text;
  }
  return {};
}

}  // namespace usine::sim
