#include "scheduler/core/state.h"

#include <algorithm>

#include "common/check.h"
#include "common/codec.h"
#include "common/digest.h"
#include "scheduler/core/derived.h"

namespace usine {

std::string_view to_string(NodeLink link) {
  switch (link) {
    case NodeLink::kDown: return "down";
    case NodeLink::kUnreachable: return "unreachable";
    case NodeLink::kUp: return "up";
  }
  CHECK_THAT(false);
}

std::string_view to_string(StopCause cause) {
  switch (cause) {
    case StopCause::kHeadEnded: return "head_ended";
    case StopCause::kCancelled: return "cancelled";
    case StopCause::kTimeLimit: return "time_limit";
    case StopCause::kNodeLost: return "node_lost";
    case StopCause::kPrepareFailed: return "prepare_failed";
    case StopCause::kPrepareTimeout: return "prepare_timeout";
    case StopCause::kRequeued: return "requeued";
    case StopCause::kPreempted: return "preempted";
    case StopCause::kPrologFailed: return "prolog_failed";
  }
  CHECK_THAT(false);
}

const Job* State::find_job(JobId id) const {
  const auto found = jobs.find(id);
  return found == jobs.end() ? nullptr : &found->second;
}

const Attempt* State::find_attempt(AttemptKey key) const {
  const Job* job = find_job(key.job);
  if (job == nullptr || !job->attempt || job->attempt->number != key.attempt) return nullptr;
  return &*job->attempt;
}

const std::string& State::node_name(NodeId id) const { return config->nodes[id.value].name; }

const NodeShape& State::shape_of(NodeId id) const {
  const Node& found = nodes[id.value];
  if (found.shape) return *found.shape;
  return config->classes[config->nodes[id.value].node_class].shape;
}

std::optional<std::uint32_t> index_of(const Attempt& attempt, NodeId node) {
  const std::vector<NodeShare>& shares = attempt.allocation.nodes;
  // Rank order follows the fabric, and so do the nodes' numbers on most machines: then this finds
  // the place at once in a gang of thousands. Where they don't, it misses and all are looked at.
  auto found = std::ranges::lower_bound(shares, node, {}, &NodeShare::node);
  if (found == shares.end() || found->node != node) {
    found = std::ranges::find(shares, node, &NodeShare::node);
  }
  if (found == shares.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - shares.begin());
}

std::string names_of(const State& state, const std::set<NodeId>& nodes) {
  std::string text;
  for (const NodeId node : nodes) {
    if (!text.empty()) text += ", ";
    text += state.node_name(node);
  }
  return text;
}

std::optional<Time> next_deadline(const State& state) {
  std::optional<Time> next;
  if (!state.deadlines.empty()) next = state.deadlines.begin()->at;
  if (!state.reservation_turns.empty()) {
    const Time turn = state.reservation_turns.begin()->first;
    next = std::min(turn, next.value_or(turn));
  }
  return next;
}

std::string digest(const State& state) { return to_hex(sha256(codec::encode(state))); }

std::string encode_snapshot(const State& state) {
  codec::Writer writer;
  writer.varint(kSnapshotVersion);
  writer(const_cast<State&>(state));  // field lists serve both ways; writing changes nothing
  return writer.take();
}

Result<State> decode_snapshot(std::string_view bytes) {
  codec::Reader reader(bytes);
  const std::uint64_t version = reader.varint();
  if (version != kSnapshotVersion) {
    return fail(ErrorCode::kCorrupt, "snapshot of format " + std::to_string(version) +
                                         ", and this program reads format " +
                                         std::to_string(kSnapshotVersion));
  }
  State state;
  reader(state);
  if (!reader.ok() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "snapshot does not read back as a state");
  }
  rebuild_derived(state);
  return state;
}

}  // namespace usine
