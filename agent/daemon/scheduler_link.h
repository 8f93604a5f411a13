// The agent's stream to the scheduler: connects, sends, receives, and connects again with back-off.
// It has a thread of its own, which owns the completion queue and everything of gRPC; what comes in
// goes to the loop thread by `deliver`, what goes out is queued by send().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "common/result.h"
#include "identity/agent_proof.h"
#include "model/agent_messages.h"

namespace usine::agent {

struct StreamUp {};
struct StreamDown {
  std::string reason;
};

// Something about the stream of that number; streams are numbered from 1 in their order. Each ends
// with StreamDown, also one that never came up.
struct LinkEvent {
  std::uint64_t stream = 0;
  std::variant<StreamUp, StreamDown, ToAgent> what;
};

class SchedulerLink {
 public:
  struct Options {
    std::string address;         // host:port
    identity::AgentProof proof;  // of this agent to the scheduler, and of that to this
    std::uint64_t seed = 0;      // of the jitter between attempts to connect
  };
  // Called on the link's thread, in order; may wait, which slows the scheduler's stream down.
  using Deliver = std::function<void(LinkEvent)>;

  // Most messages that wait for a stalled stream: beyond it the stream is given up, since all that
  // matters is said again on the next one.
  static constexpr std::size_t kUnsentMax = 65'536;

  // Starts to connect at once.
  SchedulerLink(Options options, Deliver deliver);
  SchedulerLink(const SchedulerLink&) = delete;
  SchedulerLink& operator=(const SchedulerLink&) = delete;
  ~SchedulerLink();  // ends the stream and the thread

  // In order, on that stream; dropped where it is no longer up. Any thread.
  void send(std::uint64_t stream, FromAgent message);
  // Ends that stream; the next one comes after the longest back-off. Any thread.
  void leave(std::uint64_t stream);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace usine::agent
