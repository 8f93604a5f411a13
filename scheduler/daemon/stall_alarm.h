// Raises the alarm where the scheduler sleeps beside work (B96): now and then the reader's replica
// is looked at; a stall becomes a line in the log, a count, and a snapshot of the state in the
// folder `alarms`, from which it can be studied. One thread of its own, for the waiting and the
// writing; the looking is done on the reader's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "common/os/bounded_queue.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/policy/stall.h"

namespace usine::daemon {

struct AlarmSettings {
  std::string folder;  // where snapshots go; made when the first one is written
  Millis after{60'000};
  std::chrono::milliseconds look_every{10'000};
};

class StallAlarm {
 public:
  // Snapshots that one scheduler writes at most: they are large, and the first tell the most.
  static constexpr std::uint64_t kSnapshotsMax = 4;

  StallAlarm(AlarmSettings settings, Reader& reader);
  ~StallAlarm() { stop(); }

  void start();
  void stop();

  // Alarms since the start. Any thread.
  [[nodiscard]] std::uint64_t raised() const { return raised_; }

 private:
  struct Found {
    Stall stall;
    State state;
  };

  void run();
  void look(const View& view);
  void report(const Found& found);

  AlarmSettings settings_;
  Reader& reader_;
  StallWatch watch_;  // of the reader's thread
  os::BoundedQueue<Found> found_{1};
  std::atomic<std::uint64_t> raised_ = 0;
  std::thread thread_;
};

}  // namespace usine::daemon
