#include "sim/network.h"

#include <algorithm>
#include <utility>

namespace usine::sim {
namespace {

constexpr Millis kDelayMin{1};
constexpr Millis kDelayMax{20};
constexpr Millis kLongDelayMax{1'500};  // now and then a message is held up
constexpr std::uint64_t kHeldUpOneIn = 50;
constexpr Millis kKeepaliveMax{20'000};  // how long an end may not notice that the other is silent

}  // namespace

StreamId Network::connect(NodeId node) {
  if (!listens_ || cut_off_.contains(node)) return 0;
  Stream& stream = streams_[++newest_];
  stream.node = node;
  return newest_;
}

Time Network::arrival(Time& last) {
  const Millis longest = chance_.one_in(kHeldUpOneIn) ? kLongDelayMax : kDelayMax;
  last = std::max(last, agenda_.now() + chance_.between(kDelayMin, longest));
  return last;
}

void Network::tell_scheduler(StreamId id, FromAgent message) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || !found->second.agent_end) return;
  agenda_.at(arrival(found->second.last_up), [this, id, message = std::move(message)] {
    const auto stream = streams_.find(id);
    if (stream == streams_.end() || !stream->second.scheduler_end || !stream->second.passes) return;
    sides_.scheduler_hears(id, message);
  });
}

void Network::tell_agent(StreamId id, ToAgent message) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || !found->second.scheduler_end) return;
  agenda_.at(arrival(found->second.last_down), [this, id, message = std::move(message)] {
    const auto stream = streams_.find(id);
    if (stream == streams_.end() || !stream->second.agent_end || !stream->second.passes) return;
    sides_.agent_hears(stream->second.node, id, message);
  });
}

void Network::lose_at_scheduler(StreamId id, Time when) {
  agenda_.at(when, [this, id] {
    const auto stream = streams_.find(id);
    if (stream == streams_.end() || !std::exchange(stream->second.scheduler_end, false)) return;
    if (!stream->second.agent_end) streams_.erase(stream);
    sides_.scheduler_loses(id);
  });
}

void Network::lose_at_agent(StreamId id, Time when) {
  agenda_.at(when, [this, id] {
    const auto stream = streams_.find(id);
    if (stream == streams_.end() || !std::exchange(stream->second.agent_end, false)) return;
    const NodeId node = stream->second.node;
    if (!stream->second.scheduler_end) streams_.erase(stream);
    sides_.agent_loses(node, id);
  });
}

void Network::agent_gone(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.agent_end = false;
  lose_at_scheduler(id, arrival(found->second.last_up));
}

void Network::drop_from_scheduler(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.scheduler_end = false;
  lose_at_agent(id, arrival(found->second.last_down));
}

void Network::scheduler_listens(bool listens) {
  listens_ = listens;
  if (listens) return;
  for (auto& [id, stream] : streams_) {
    if (!std::exchange(stream.scheduler_end, false)) continue;
    lose_at_agent(id, arrival(stream.last_down));
  }
}

void Network::cut_off(NodeId node) {
  cut_off_.insert(node);
  for (auto& [id, stream] : streams_) {
    if (stream.node != node) continue;
    stream.passes = false;
    lose_at_scheduler(id, agenda_.now() + chance_.between(kDelayMin, kKeepaliveMax));
    lose_at_agent(id, agenda_.now() + chance_.between(kDelayMin, kKeepaliveMax));
  }
}

}  // namespace usine::sim
