// Decisions on nodes: configuration, drain and resume, an agent's Hello, its absence and its loss.
#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "scheduler/core/config_merge.h"
#include "scheduler/core/decider.h"

namespace usine {
namespace {

constexpr const char* kSelf = "usine";  // the author of what the scheduler does by itself

Result<NodeId> node_named(const State& state, const std::string& name) {
  const auto found = state.node_by_name.find(name);
  if (found != state.node_by_name.end()) return found->second;
  return fail(ErrorCode::kNotFound, "there is no node '" + name +
                                        "' in this cluster's configuration; `usine node list` "
                                        "shows its nodes");
}

// The attempts of `node` that have not ended there.
std::set<AttemptKey> attempts_on(const State& state, NodeId node) {
  std::set<AttemptKey> keys;
  for (const JobId job : state.node(node).jobs) {
    keys.insert({job, state.jobs.at(job).attempt->number});
  }
  return keys;
}

// The agent has not got this attempt: it never arrived (tell it again), or it is lost.
void settle_missing(Decider& decider, NodeId node, AttemptKey key) {
  const Attempt& attempt = *decider.state.find_attempt(key);
  const std::uint32_t index = *index_of(attempt, node);
  const bool never_arrived = attempt.nodes[index].phase == NodePhase::kPreparing;
  if (never_arrived && !attempt.stop) return;
  Ended report;
  report.key = key;
  report.exit.cause = never_arrived ? EndCause::kStopped : EndCause::kLost;
  if (!never_arrived) {
    report.exit.message = "node " + decider.state.node_name(node) + " came back without the job";
  }
  end_node_part(decider, index, report, {StopCause::kNodeLost, report.exit.message});
}

void drain_if_smaller(Decider& decider, NodeId id, const NodeShape* shape) {
  const State& state = decider.state;
  if (shape == nullptr || state.node(id).drain) return;
  const NodeShape& expected = state.config->classes[state.config->nodes[id.value].node_class].shape;
  std::string lacking;
  for (const std::string& one : missing_from(expected, *shape)) {
    lacking += lacking.empty() ? one : "; " + one;
  }
  if (lacking.empty()) return;
  drain_for_fault(decider, id, "inventory: " + lacking);
}

// Jobs that run on, and allocations of the past, name GPUs by index: it must stay each one's own.
std::shared_ptr<const NodeShape> placed_shape(const State& state, NodeId id, const Hello& hello) {
  if (hello.shape == nullptr) return nullptr;
  const NodeShape& expected = state.config->classes[state.config->nodes[id.value].node_class].shape;
  NodeShape placed = at_places_of(expected, *hello.shape);
  if (placed == expected) return nullptr;
  return std::make_shared<const NodeShape>(std::move(placed));
}

Admitted admission(const State& state, NodeId node, const std::set<AttemptKey>& keep) {
  Welcome welcome;
  welcome.cluster_uuid = state.cluster_uuid;
  welcome.epoch = state.epoch;
  welcome.node = node;
  welcome.heartbeat = state.config->timings.heartbeat;
  welcome.lease = state.config->timings.lease;
  welcome.keep.assign(keep.begin(), keep.end());
  return {node, {std::move(welcome)}};
}

Status check_hello(const State& state, const Hello& hello) {
  if (hello.cluster_uuid.empty() || hello.cluster_uuid == state.cluster_uuid) return {};
  return fail(ErrorCode::kRefused, "agent of node '" + hello.node_name + "' belongs to cluster " +
                                       hello.cluster_uuid + ", and this is " + state.cluster_uuid +
                                       "; give it a fresh state folder to move it");
}

}  // namespace

void drain_for_fault(Decider& decider, NodeId node, const std::string& reason) {
  constexpr std::size_t kReasonBytesMax = 2'000;
  Drain drain{reason, kSelf, decider.now};
  if (const auto& before = decider.state.node(node).drain) {
    const bool told = before->reason.find(reason) != std::string::npos;
    if (told || before->reason.size() + reason.size() > kReasonBytesMax) return;
    drain = *before;
    drain.reason += "; " + reason;
  }
  decider.emit(NodeDrained{node, std::move(drain)});
}

Result<Reply> decide_configure(Decider& decider, const Configure& command) {
  if (!decider.state.config) {
    decider.emit(ClusterConfigured{command.cluster_uuid, command.config});
    return Done{};
  }
  auto merged = merge_config(*decider.state.config, *command.config);
  if (!merged) return fail(merged.error());
  if (*merged == *decider.state.config) return Done{};
  decider.emit(ClusterConfigured{decider.state.cluster_uuid,
                                 std::make_shared<ClusterConfig>(*std::move(merged))});
  return Done{};
}

Result<Reply> decide_act_on_node(Decider& decider, const ActOnNode& command) {
  if (!command.caller.is_operator) {
    return fail(ErrorCode::kPermission, "only operators may change nodes");
  }
  const auto id = node_named(decider.state, command.node_name);
  if (!id) return fail(id.error());
  const Node& node = decider.state.node(*id);
  switch (command.action) {
    case NodeAction::kDrain:
      if (command.reason.empty()) {
        return fail(ErrorCode::kInvalid, "say why the node is drained: --reason TEXT");
      }
      decider.emit(NodeDrained{*id, {command.reason, command.caller.user, decider.now}});
      return Done{};
    case NodeAction::kResume:
      if (!node.drain) {
        return fail(ErrorCode::kConflict, "node '" + command.node_name + "' is not drained");
      }
      decider.emit(NodeResumed{*id});
      return Done{};
    case NodeAction::kFence:
      if (node.link == NodeLink::kUp) {
        return fail(ErrorCode::kConflict, "node '" + command.node_name +
                                              "' is up; only a node that is gone can be fenced");
      }
      if (node.link == NodeLink::kUnreachable) {
        decider.emit(NodeLost{*id, "fenced by " + command.caller.user, decider.now});
        lose_attempts_of(decider, *id, "node " + command.node_name + " was fenced");
      }
      decider.emit(NodeFenced{*id});
      return Done{};
  }
  return fail(ErrorCode::kInvalid, "unknown action on a node");
}

Result<Reply> decide_hello(Decider& decider, const AgentHello& command) {
  const Hello& hello = command.hello;
  const auto id = node_named(decider.state, hello.node_name);
  if (!id) return fail(id.error());
  if (auto sound = check_hello(decider.state, hello); !sound) return fail(sound.error());
  const std::set<AttemptKey> reported(hello.attempts.begin(), hello.attempts.end());
  std::set<AttemptKey> expected = attempts_on(decider.state, *id);
  std::set<AttemptKey> keep;
  std::ranges::set_intersection(expected, reported, std::inserter(keep, keep.end()));
  Admitted answer = admission(decider.state, *id, keep);
  if (keep.size() < reported.size()) return answer;  // orphans first: it will say Hello again

  decider.emit(NodeJoined{*id, hello.boot_id, placed_shape(decider.state, *id, hello), decider.now,
                          hello.prolog_limit});
  drain_if_smaller(decider, *id, hello.shape.get());
  for (const AttemptKey key : expected) {
    if (!keep.contains(key)) settle_missing(decider, *id, key);
  }
  for (const AttemptKey key : attempts_on(decider.state, *id)) {
    const Job& job = *decider.state.find_job(key.job);
    for (ToAgent& message : messages_for(decider.state, job, *index_of(*job.attempt, *id))) {
      answer.messages.push_back(std::move(message));
    }
  }
  return answer;
}

Result<Reply> decide_gone(Decider& decider, const AgentGone& command) {
  if (decider.state.node(command.node).link == NodeLink::kUp) {
    decider.emit(NodeUnreachable{command.node, decider.now});
  }
  return Done{};
}

Result<Reply> decide_lease(Decider& decider, const LeaseExpired& command) {
  if (decider.state.node(command.node).link == NodeLink::kDown) return Done{};
  const std::string text =
      "node " + decider.state.node_name(command.node) + " was out of reach beyond its lease";
  decider.emit(NodeLost{command.node, text, decider.now});
  lose_attempts_of(decider, command.node, text);
  return Done{};
}

}  // namespace usine
