// Streams between agents and the scheduler as gRPC gives them: ordered and without loss while they
// stand, cut at any moment, the two ends hearing of it at different times. A partitioned node can
// neither be heard nor told, and its streams break by and by.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "common/ids.h"
#include "model/agent_messages.h"
#include "sim/agenda.h"
#include "sim/chance.h"

namespace usine::sim {

using StreamId = std::uint64_t;  // never reused; 0 is none

class Network {
 public:
  // The two sides, set once before anything is sent.
  struct Sides {
    std::function<void(StreamId, const FromAgent&)> scheduler_hears;
    std::function<void(StreamId)> scheduler_loses;
    std::function<void(NodeId, StreamId, const ToAgent&)> agent_hears;
    std::function<void(NodeId, StreamId)> agent_loses;
  };

  Network(Agenda& agenda, Chance& chance) : agenda_(agenda), chance_(chance) {}
  void set_sides(Sides sides) { sides_ = std::move(sides); }

  // An agent calls the scheduler: 0 where nobody answers.
  [[nodiscard]] StreamId connect(NodeId node);
  void tell_scheduler(StreamId stream, FromAgent message);
  void tell_agent(StreamId stream, ToAgent message);

  // One end is gone; the other hears of it after what was still under way.
  void agent_gone(StreamId stream);
  void drop_from_scheduler(StreamId stream);

  void scheduler_listens(bool listens);  // false: it is gone, and all its streams with it
  void cut_off(NodeId node);
  void join_up(NodeId node) { cut_off_.erase(node); }

 private:
  struct Stream {
    NodeId node;
    bool agent_end = true;  // is there and has not heard of a break
    bool scheduler_end = true;
    bool passes = true;  // false: what is under way never arrives
    Time last_up;        // when the newest message arrives at the scheduler
    Time last_down;
  };

  // When a message sent now arrives: after everything that was sent before it.
  [[nodiscard]] Time arrival(Time& last);
  void lose_at_scheduler(StreamId id, Time when);
  void lose_at_agent(StreamId id, Time when);

  Agenda& agenda_;
  Chance& chance_;
  Sides sides_;
  std::map<StreamId, Stream> streams_;
  std::set<NodeId> cut_off_;
  bool listens_ = false;
  StreamId newest_ = 0;
};

}  // namespace usine::sim
