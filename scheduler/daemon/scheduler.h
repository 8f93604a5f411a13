// The whole scheduler in one process: builds the parts, connects them, and takes them down in an
// order in which nothing that was decided is lost. Owned by main, or by a test.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/server.h>

#include "common/os/system_clock.h"
#include "config/cluster_file.h"
#include "scheduler/daemon/agent_service.h"
#include "scheduler/daemon/event_log.h"
#include "scheduler/daemon/operations_service.h"
#include "scheduler/daemon/planner_thread.h"
#include "scheduler/daemon/snapshot_thread.h"
#include "scheduler/daemon/stall_alarm.h"
#include "scheduler/daemon/startup.h"
#include "scheduler/daemon/users_service.h"

namespace usine::daemon {

class Scheduler {
 public:
  // Begins to serve on `address` ("host:port", port 0 for one that the system chooses). `failed` is
  // called once, on a thread of the scheduler, when a commit has failed: the process should end.
  // Error: kUnavailable where the address cannot be listened on.
  [[nodiscard]] static Result<std::unique_ptr<Scheduler>> start(
      Opened opened, const std::string& address, std::function<void(const Error&)> failed);

  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler() { stop(); }

  // Takes no more calls, commits and answers what was decided, ends every thread.
  void stop();

  // host:port that clients reach it by.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  explicit Scheduler(Opened opened);

  [[nodiscard]] Status listen(const std::string& address);
  void build_services();
  void start_threads(std::function<void(const Error&)> failed);

  Opened opened_;
  os::MonotoneWallClock clock_;
  BlobStore blobs_;
  Reader reader_;
  Trials trials_;
  Forecaster forecaster_;
  PlannerThread planner_;
  StallAlarm alarm_;
  SnapshotThread snapshots_;
  EventLog event_log_;
  BackgroundThread background_;
  Committer committer_;
  EngineThread engine_;
  UsersRpc users_rpc_;
  OperationsRpc operations_rpc_;
  proto::Agents::AsyncService agents_rpc_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<CompletionLoop> users_loop_;
  std::unique_ptr<CompletionLoop> agents_loop_;
  std::unique_ptr<CallerGate> gate_;
  std::unique_ptr<UsersService> users_;
  std::unique_ptr<OperationsService> operations_;
  std::unique_ptr<AgentService> agents_;
  std::string address_;
};

}  // namespace usine::daemon
