// Schedulers for tests: one in this process, and one as the program that is shipped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

#include "scheduler/daemon/scheduler.h"
#include "tests/daemon/clients.h"
#include "tests/support/temp_folder.h"

namespace usine::test {

inline constexpr char kMachine[] = "dgx-h100";  // of every node of the test clusters

// The cluster file of `nodes` such nodes, node001 and so on.
[[nodiscard]] std::string cluster_yaml(std::uint32_t nodes);

// Runs in this process, in a folder that goes with it unless one is given.
class InProcessScheduler {
 public:
  explicit InProcessScheduler(std::uint32_t nodes = 2);
  InProcessScheduler(const std::string& folder, std::uint32_t nodes);
  // Of two nodes, with something else in its cluster file.
  explicit InProcessScheduler(const std::function<void(config::ClusterFile&)>& change);

  void stop() { scheduler_->stop(); }
  [[nodiscard]] const std::string& address() const { return scheduler_->address(); }
  [[nodiscard]] std::string credential() const;
  [[nodiscard]] std::string secret() const;
  [[nodiscard]] UserClient user() const { return {address(), credential()}; }

 private:
  void start(std::uint32_t nodes, const std::function<void(config::ClusterFile&)>& change = {});

  std::unique_ptr<TempFolder> own_;
  std::string folder_;
  std::unique_ptr<daemon::Scheduler> scheduler_;
};

// usine-scheduler as a process, ended with the test.
class SchedulerProcess {
 public:
  struct Options {
    std::uint32_t nodes = 2;
    std::uint32_t file_mib_max = 0;  // how large a file of it can become; 0: no limit
  };

  // Starts it; address() waits until it serves.
  explicit SchedulerProcess(const TempFolder& folder);
  SchedulerProcess(const TempFolder& folder, Options options);
  ~SchedulerProcess();

  [[nodiscard]] std::string address();
  [[nodiscard]] UserClient user();

  void signal(int number) const;
  // Its wait status; waits for its end.
  int wait();

 private:
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace usine::test
