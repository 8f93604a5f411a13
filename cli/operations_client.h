// The operators' service as a library, beside cli/client.h: one connection, whose calls wait for
// their answers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/target.h"
#include "common/result.h"
#include "proto/operations.pb.h"

namespace usine::cli {

class OperationsClient {
 public:
  // Connects with the first call. Keeps a copy of the target.
  explicit OperationsClient(const Target& target);
  OperationsClient(OperationsClient&&) noexcept;
  ~OperationsClient();

  // Errors of all calls: kUnavailable with the address where nobody answers, or not in time, else
  // as the scheduler said.
  Result<proto::ReloadConfigReply> reload_config();
  Result<proto::ListEventsReply> list_events(const proto::ListEventsRequest& request);
  // Gives each piece of the backup to `take`, in order; its error ends the call.
  Result<proto::BackupSummary> backup(const std::function<Status(const std::string&)>& take);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

// Finds the cluster and makes a client for it; nothing is sent yet.
[[nodiscard]] Result<OperationsClient> connect_operations(const TargetOptions& options);

}  // namespace usine::cli
