// One gRPC completion queue and the one thread that owns it: everything that belongs to the calls
// of a service is touched on this thread only. Other threads hand work over with post(), which
// wakes it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

namespace usine::daemon {

// What a tag on the queue is. `ok` is false where the operation did not happen: the server shuts
// down, or the peer is gone.
class CompletionEvent {
 public:
  virtual void completed(bool ok) = 0;

 protected:
  ~CompletionEvent() = default;
};

class CompletionLoop {
 public:
  using Work = std::move_only_function<void()>;

  explicit CompletionLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  CompletionLoop(const CompletionLoop&) = delete;
  CompletionLoop& operator=(const CompletionLoop&) = delete;
  ~CompletionLoop();

  void start();

  // Runs `work` on the loop's thread, in the order of the posts. Never waits, so that any thread
  // may call it; what can be posted is bounded by the bounds on calls and streams. Dropped after
  // stop().
  void post(Work work);

  // After the server's Shutdown(): runs what was posted, sees every operation to its end, joins.
  void stop();

  [[nodiscard]] grpc::ServerCompletionQueue& queue() { return *queue_; }

 private:
  // The tag of the alarm by which post() wakes the thread.
  class Wake final : public CompletionEvent {
   public:
    explicit Wake(CompletionLoop& loop) : loop_(loop) {}
    void completed(bool ok) override;

   private:
    CompletionLoop& loop_;
  };

  void run();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
  Wake wake_{*this};
  std::mutex mutex_;         // guards what follows
  std::vector<Work> inbox_;  // waits for the thread
  grpc::Alarm alarm_;        // set where inbox_ is not empty
  bool closed_ = false;
};

}  // namespace usine::daemon
