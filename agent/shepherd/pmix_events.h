// What the PMIx library asks of the shepherd. The library calls on a thread of its own; this queue
// carries each call to the shepherd's poll loop, which drains it when descriptor() reads ready.
// Owned by PmixServer; push() is for PMIx's thread, take() for the shepherd's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "common/result.h"

namespace usine::shepherd {

// Every local rank of the step has entered a fence: send `data` to the step's other nodes and
// answer with all nodes' data joined, this node's included, in one order everywhere.
struct PmixFence {
  std::uint64_t id = 0;  // for PmixServer::answer
  std::string nspace;
  std::string data;  // empty for a barrier
};

// A local rank wants what a rank of another node has published: ask the node that runs it.
struct PmixModex {
  std::uint64_t id = 0;  // for PmixServer::answer
  std::string nspace;
  std::uint32_t rank = 0;
};

// The answer to request_local_modex(token): what a rank of this node has published.
struct PmixLocalModex {
  std::uint64_t token = 0;
  Result<std::string> data;
};

// A local rank asked for the end of its whole step (MPI_Abort). The rank has been answered; ending
// it and its peers is the shepherd's work.
struct PmixAbort {
  std::string nspace;
  std::uint32_t rank = 0;
  int status = 0;
  std::string message;
};

// A local rank has come up in MPI_Init or has left through MPI_Finalize. A rank that dies without
// the latter is seen by its exit status alone.
struct PmixConnected {
  std::string nspace;
  std::uint32_t rank = 0;
};
struct PmixFinalized {
  std::string nspace;
  std::uint32_t rank = 0;
};

using PmixEvent =
    std::variant<PmixFence, PmixModex, PmixLocalModex, PmixAbort, PmixConnected, PmixFinalized>;

class PmixEventQueue {
 public:
  // More than every rank of a full node can have outstanding; a call beyond it is refused.
  static constexpr std::size_t kCapacity = 65'536;

  [[nodiscard]] static Result<std::unique_ptr<PmixEventQueue>> open();
  PmixEventQueue(const PmixEventQueue&) = delete;
  PmixEventQueue& operator=(const PmixEventQueue&) = delete;
  ~PmixEventQueue();

  // False where the queue is full; the event is dropped then and the caller refuses the call.
  [[nodiscard]] bool push(PmixEvent event);
  // The oldest event, or nothing. The descriptor stays ready until the queue is empty.
  [[nodiscard]] std::optional<PmixEvent> take();
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit PmixEventQueue(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
  std::mutex mutex_;
  std::deque<PmixEvent> events_;  // under mutex_
};

}  // namespace usine::shepherd
