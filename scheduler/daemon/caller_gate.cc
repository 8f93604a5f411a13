#include "scheduler/daemon/caller_gate.h"

#include <utility>

namespace usine::daemon {

void CallerGate::start() {
  for (Lane& lane : lanes_) {
    lane.thread = std::thread([this, &lane] { run(lane); });
  }
}

void CallerGate::stop() {
  for (Lane& lane : lanes_) lane.queue.close();
  for (Lane& lane : lanes_) {
    if (lane.thread.joinable()) lane.thread.join();
  }
}

void CallerGate::prove(Evidence evidence, Then then) {
  if (!authenticator_.waits_for(evidence)) {
    then(authenticator_.authenticate(evidence));
    return;
  }
  Waiting waiting{std::move(evidence), std::move(then)};
  Lane& lane = lanes_[next_++ % kThreads];
  if (lane.queue.try_push(std::move(waiting))) return;
  waiting.then(fail(ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"));
}

void CallerGate::run(Lane& lane) {
  while (true) {
    auto taken = lane.queue.pop_all();
    if (taken.ended) return;
    for (Waiting& waiting : taken.items) {
      loop_.post([then = std::move(waiting.then),
                  caller = authenticator_.authenticate(waiting.evidence)]() mutable {
        then(std::move(caller));
      });
    }
  }
}

}  // namespace usine::daemon
