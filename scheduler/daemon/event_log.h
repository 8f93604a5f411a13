// The log of what happened to jobs and nodes: one key=value line an event, written once the event
// is committed. On a thread of its own at low priority, so that a slow log holds up nothing; what
// it cannot keep up with is counted and left out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "common/os/bounded_queue.h"
#include "model/cluster.h"
#include "scheduler/core/event.h"
#include "scheduler/daemon/replica.h"

namespace usine::daemon {

// "event=job_ended job=12 outcome=failed ..."; nullopt for events that are not for operators. Nodes
// are named by `config`.
[[nodiscard]] std::optional<std::string> log_line(const Event& event, const ClusterConfig& config);

class EventLog final : public Replica {
 public:
  static constexpr std::size_t kWaitingBatchesMax = 4096;

  explicit EventLog(std::shared_ptr<const ClusterConfig> config) : config_(std::move(config)) {}
  ~EventLog() override { stop(); }

  void start();
  void stop();

  void take(const AppliedRows& rows) override;

 private:
  void run();
  void write(const Applied& row);

  std::shared_ptr<const ClusterConfig> config_;
  os::BoundedQueue<AppliedRows> waiting_{kWaitingBatchesMax};
  std::atomic<std::uint64_t> rows_left_out_ = 0;
  std::thread thread_;
};

}  // namespace usine::daemon
