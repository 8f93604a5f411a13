#include "scheduler/daemon/snapshot_thread.h"

#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "scheduler/store/snapshotter.h"

namespace usine::daemon {
namespace {

constexpr int kNice = 10;  // of this thread: it has all the time it needs

}  // namespace

SnapshotThread::SnapshotThread(store::StoreFile file, SnapshotPolicy policy,
                               std::function<void(std::string digest)> made)
    : file_(std::move(file)), policy_(policy), made_(std::move(made)) {}

void SnapshotThread::start() {
  thread_ = std::thread([this] { run(); });
}

void SnapshotThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SnapshotThread::take(const AppliedRows& rows) {
  const std::lock_guard lock(mutex_);
  const bool was_due = new_rows_ >= policy_.rows;
  new_rows_ += rows->size();
  if (!was_due && new_rows_ >= policy_.rows) wake_.notify_all();
}

void SnapshotThread::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  while (wait_until_due()) make_snapshot();
}

bool SnapshotThread::wait_until_due() {
  std::unique_lock lock(mutex_);
  do {
    wake_.wait_for(lock, policy_.age, [this] { return stopping_ || new_rows_ >= policy_.rows; });
  } while (!stopping_ && new_rows_ == 0);
  new_rows_ = 0;
  return !stopping_;
}

void SnapshotThread::make_snapshot() {
  const auto began = std::chrono::steady_clock::now();
  const Result<store::SnapshotMade> made = store::make_snapshot(file_);
  if (!made) {
    // Recovery only takes longer; the journal itself is whole.
    spdlog::error("event=snapshot_failed error=\"{}\"", made.error().message);
    return;
  }
  const auto took = std::chrono::steady_clock::now() - began;
  spdlog::info("event=snapshot_made sequence={} digest={} blobs_dropped={} took_ms={}",
               made->sequence.value, made->digest, made->blobs_dropped,
               std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  made_(made->digest);
}

}  // namespace usine::daemon
