#include "scheduler/daemon/completion_loop.h"

#include <chrono>
#include <utility>

namespace usine::daemon {

CompletionLoop::CompletionLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)) {}

CompletionLoop::~CompletionLoop() { stop(); }

void CompletionLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void CompletionLoop::post(Work work) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  inbox_.push_back(std::move(work));
  // A time long past, since "now" is rounded up to the next millisecond and waits for it.
  const std::chrono::system_clock::time_point at_once;
  if (inbox_.size() == 1) alarm_.Set(queue_.get(), at_once, &wake_);
}

void CompletionLoop::stop() {
  if (!thread_.joinable()) {
    // Never started: gRPC still wants its queue shut down and emptied.
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
    return;
  }
  post([this] {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    queue_->Shutdown();
  });
  thread_.join();
  thread_ = std::thread();
}

void CompletionLoop::run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<CompletionEvent*>(tag)->completed(ok);
}

void CompletionLoop::Wake::completed(bool) {
  std::vector<Work> works;
  {
    const std::lock_guard lock(loop_.mutex_);
    works.swap(loop_.inbox_);
  }
  for (Work& work : works) work();
}

}  // namespace usine::daemon
