// The users' service as a library: the command line and the benchmarks call the scheduler through
// it. A Client is one connection; its calls wait for their answers and may be made from any thread.
#pragma once

#include <memory>

#include "cli/target.h"
#include "common/result.h"
#include "common/time.h"
#include "proto/users.pb.h"

namespace usine::cli {

// What every call waits for at most; long polls add what they asked the scheduler to wait.
inline constexpr Millis kCallTimeout{30'000};

class Client {
 public:
  // Connects with the first call. Keeps a copy of the target.
  explicit Client(const Target& target, Millis call_timeout = kCallTimeout);
  Client(Client&&) noexcept;
  ~Client();

  // Errors of all calls: kUnavailable with the address where nobody answers, or not in time, else
  // as the scheduler said.
  Result<proto::SubmitReply> submit(const proto::SubmitRequest& request);
  Result<proto::ActReply> act_on_jobs(const proto::ActOnJobsRequest& request);
  Result<proto::ActReply> update_jobs(const proto::UpdateJobsRequest& request);
  Result<proto::ActReply> act_on_nodes(const proto::ActOnNodesRequest& request);
  Result<proto::ListJobsReply> list_jobs(const proto::ListJobsRequest& request);
  Result<proto::JobDetail> get_job(const proto::GetJobRequest& request);
  Result<proto::Explanation> explain(const proto::ExplainRequest& request);
  Result<proto::ActReply> create_reservation(const proto::ReservationRequest& request);
  Result<proto::ActReply> delete_reservations(const proto::DeleteReservationsRequest& request);
  Result<proto::ListReservationsReply> list_reservations();
  Result<proto::ListNodesReply> list_nodes(const proto::ListNodesRequest& request);
  Result<proto::ListHistoryReply> list_history(const proto::ListHistoryRequest& request);
  Result<proto::ClusterInfo> get_cluster();
  Result<proto::ListGroupsReply> list_groups(const proto::ListGroupsRequest& request);
  Result<proto::ActReply> mark_job(const proto::MarkJobRequest& request);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

// Finds the cluster and makes a client for it; nothing is sent yet.
[[nodiscard]] Result<Client> connect(const TargetOptions& options);

// Every page of a list, in order.
[[nodiscard]] Result<proto::ListJobsReply> list_all_jobs(Client& client,
                                                         proto::ListJobsRequest request);
[[nodiscard]] Result<proto::ListHistoryReply> list_all_history(Client& client,
                                                               proto::ListHistoryRequest request);

}  // namespace usine::cli
