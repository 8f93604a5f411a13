// Bounds recovery: counts committed rows and has the store make a snapshot now and then, on a
// connection of its own and at low priority, so that neither commits nor planning wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "scheduler/daemon/replica.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::daemon {

struct SnapshotPolicy {
  std::uint64_t rows = 50'000;   // since the last one, or
  std::chrono::minutes age{10};  // since the last one, where there are new rows
};

class SnapshotThread final : public Replica {
 public:
  // `made` gets the digest of the state in each snapshot, on this thread.
  SnapshotThread(store::StoreFile file, SnapshotPolicy policy,
                 std::function<void(std::string digest)> made);
  ~SnapshotThread() override { stop(); }

  void start();
  void stop();

  void take(const AppliedRows& rows) override;

 private:
  void run();
  // Waits until a snapshot is due; false: the thread is to end.
  [[nodiscard]] bool wait_until_due();
  void make_snapshot();

  store::StoreFile file_;
  SnapshotPolicy policy_;
  std::function<void(std::string)> made_;
  std::mutex mutex_;              // guards what follows
  std::condition_variable wake_;  // enough rows, or stopping
  std::uint64_t new_rows_ = 0;    // since the last snapshot began
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace usine::daemon
