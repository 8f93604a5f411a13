// A completion queue with one owner thread, as our services have, and an integer that the owner and
// then main change: without a lock, so that the thread sanitizer must report it, or with the
// argument "sound" under a lock, so that it must be silent.
#include <atomic>
#include <mutex>
#include <string_view>
#include <thread>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

namespace {

struct Shared {
  bool locked = false;
  std::mutex mutex;
  int value = 0;
  // Tells main that the owner is done, relaxed, so that it orders nothing else.
  std::atomic<bool> changed_by_owner = false;
};

// A function of its own, so that the report names it.
[[gnu::noinline]] void planted_race(Shared& shared) {
  std::unique_lock<std::mutex> lock(shared.mutex, std::defer_lock);
  if (shared.locked) lock.lock();
  ++shared.value;
}

void own_queue(grpc::CompletionQueue& queue, Shared& shared) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    planted_race(shared);
    shared.changed_by_owner.store(true, std::memory_order_relaxed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Shared shared;
  shared.locked = argc > 1 && std::string_view(argv[1]) == "sound";
  grpc::CompletionQueue queue;
  std::thread owner([&] { own_queue(queue, shared); });
  grpc::Alarm alarm;
  alarm.Set(&queue, gpr_now(GPR_CLOCK_REALTIME), nullptr);
  while (!shared.changed_by_owner.load(std::memory_order_relaxed)) std::this_thread::yield();
  planted_race(shared);
  queue.Shutdown();
  owner.join();
  return shared.value == 2 ? 0 : 1;
}
