// Proves the callers of a loop's calls. Evidence that can only be judged by asking another process
// (MUNGE) is judged on threads of the gate, so that the loop goes on meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <thread>

#include "common/os/bounded_queue.h"
#include "scheduler/daemon/authentication.h"
#include "scheduler/daemon/completion_loop.h"

namespace usine::daemon {

class CallerGate {
 public:
  using Then = std::move_only_function<void(Result<Caller>)>;

  // As many as wait for munged at once; it has two threads of its own unless told otherwise.
  static constexpr std::size_t kThreads = 4;
  static constexpr std::size_t kWaitingMax =
      4'096;  // with each thread; beyond it calls are refused

  CallerGate(const Authenticator& authenticator, CompletionLoop& loop)
      : authenticator_(authenticator), loop_(loop) {}
  CallerGate(const CallerGate&) = delete;
  CallerGate& operator=(const CallerGate&) = delete;
  ~CallerGate() { stop(); }

  void start();
  // What waits is judged first.
  void stop();

  // On the loop's thread; `then` is called once, on that thread, at once where nothing is waited
  // for.
  void prove(Evidence evidence, Then then);

 private:
  struct Waiting {
    Evidence evidence;
    Then then;
  };
  struct Lane {
    os::BoundedQueue<Waiting> queue{kWaitingMax};
    std::thread thread;
  };

  void run(Lane& lane);

  const Authenticator& authenticator_;
  CompletionLoop& loop_;
  std::array<Lane, kThreads> lanes_;
  std::size_t next_ = 0;  // the loop's: whose turn it is
};

}  // namespace usine::daemon
