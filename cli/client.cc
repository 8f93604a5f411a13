#include "cli/client.h"

#include <utility>

#include "cli/channel.h"
#include "proto/users.grpc.pb.h"

namespace usine::cli {

struct Client::Connection {
  Connection(Target to, Millis call_timeout)
      : target(std::move(to)),
        patience(call_timeout),
        stub(proto::Users::NewStub(open_channel(target))) {}

  // `name` is that of `method`, for the credential.
  template <typename Request, typename Reply>
  Result<Reply> call(const char* name,
                     grpc::Status (proto::Users::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Reply*),
                     const Request& request, Millis more_time = Millis{0}) {
    const Millis timeout = patience + more_time;
    grpc::ClientContext context;
    const Status prepared = prepare_call(context, target, {name, request, timeout});
    if (!prepared) return fail(prepared.error());
    Reply reply;
    const grpc::Status status = (stub.get()->*method)(&context, request, &reply);
    if (status.ok()) return reply;
    return fail(call_error(target, status, context, timeout));
  }

  Target target;
  Millis patience;  // with each call
  std::unique_ptr<proto::Users::Stub> stub;
};

Client::Client(const Target& target, Millis call_timeout)
    : connection_(std::make_unique<Connection>(target, call_timeout)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<proto::SubmitReply> Client::submit(const proto::SubmitRequest& request) {
  return connection_->call("Submit", &proto::Users::Stub::Submit, request);
}

Result<proto::ActReply> Client::act_on_jobs(const proto::ActOnJobsRequest& request) {
  return connection_->call("ActOnJobs", &proto::Users::Stub::ActOnJobs, request);
}

Result<proto::ActReply> Client::update_jobs(const proto::UpdateJobsRequest& request) {
  return connection_->call("UpdateJobs", &proto::Users::Stub::UpdateJobs, request);
}

Result<proto::ActReply> Client::act_on_nodes(const proto::ActOnNodesRequest& request) {
  return connection_->call("ActOnNodes", &proto::Users::Stub::ActOnNodes, request);
}

Result<proto::ListJobsReply> Client::list_jobs(const proto::ListJobsRequest& request) {
  return connection_->call("ListJobs", &proto::Users::Stub::ListJobs, request);
}

Result<proto::JobDetail> Client::get_job(const proto::GetJobRequest& request) {
  return connection_->call("GetJob", &proto::Users::Stub::GetJob, request,
                           Millis(request.wait_ms()));
}

Result<proto::Explanation> Client::explain(const proto::ExplainRequest& request) {
  return connection_->call("Explain", &proto::Users::Stub::Explain, request);
}

Result<proto::ActReply> Client::create_reservation(const proto::ReservationRequest& request) {
  return connection_->call("CreateReservation", &proto::Users::Stub::CreateReservation, request);
}

Result<proto::ActReply> Client::delete_reservations(
    const proto::DeleteReservationsRequest& request) {
  return connection_->call("DeleteReservations", &proto::Users::Stub::DeleteReservations, request);
}

Result<proto::ListReservationsReply> Client::list_reservations() {
  return connection_->call("ListReservations", &proto::Users::Stub::ListReservations,
                           proto::ListReservationsRequest());
}

Result<proto::ListNodesReply> Client::list_nodes(const proto::ListNodesRequest& request) {
  return connection_->call("ListNodes", &proto::Users::Stub::ListNodes, request);
}

Result<proto::ListHistoryReply> Client::list_history(const proto::ListHistoryRequest& request) {
  return connection_->call("ListHistory", &proto::Users::Stub::ListHistory, request);
}

Result<proto::ClusterInfo> Client::get_cluster() {
  return connection_->call("GetCluster", &proto::Users::Stub::GetCluster,
                           proto::GetClusterRequest());
}

Result<proto::ListGroupsReply> Client::list_groups(const proto::ListGroupsRequest& request) {
  return connection_->call("ListGroups", &proto::Users::Stub::ListGroups, request);
}

Result<proto::ActReply> Client::mark_job(const proto::MarkJobRequest& request) {
  return connection_->call("MarkJob", &proto::Users::Stub::MarkJob, request);
}

Result<Client> connect(const TargetOptions& options) {
  const auto target = find_target(options);
  if (!target) return fail(target.error());
  return Client(*target);
}

Result<proto::ListJobsReply> list_all_jobs(Client& client, proto::ListJobsRequest request) {
  proto::ListJobsReply all;
  while (true) {
    auto page = client.list_jobs(request);
    if (!page) return fail(page.error());
    all.mutable_jobs()->MergeFrom(page->jobs());
    all.set_as_of_ms(page->as_of_ms());
    if (page->next_after() == 0) return all;
    request.set_after(page->next_after());
  }
}

Result<proto::ListHistoryReply> list_all_history(Client& client,
                                                 proto::ListHistoryRequest request) {
  proto::ListHistoryReply all;
  while (true) {
    auto page = client.list_history(request);
    if (!page) return fail(page.error());
    all.mutable_entries()->MergeFrom(page->entries());
    all.set_as_of_ms(page->as_of_ms());
    if (page->next_after_row() == 0) return all;
    request.set_after_row(page->next_after_row());
  }
}

}  // namespace usine::cli
