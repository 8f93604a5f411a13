#include "cli/operations_client.h"

#include <utility>

#include "cli/channel.h"
#include "cli/client.h"
#include "proto/operations.grpc.pb.h"

namespace usine::cli {
namespace {

constexpr Millis kBackupTimeout{3'600'000};

}  // namespace

struct OperationsClient::Connection {
  explicit Connection(Target to)
      : target(std::move(to)), stub(proto::Operations::NewStub(open_channel(target))) {}

  template <typename Request, typename Reply>
  Result<Reply> call(const char* name,
                     grpc::Status (proto::Operations::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Reply*),
                     const Request& request) {
    grpc::ClientContext context;
    const Status prepared = prepare_call(context, target, {name, request, kCallTimeout});
    if (!prepared) return fail(prepared.error());
    Reply reply;
    const grpc::Status status = (stub.get()->*method)(&context, request, &reply);
    if (status.ok()) return reply;
    return fail(call_error(target, status, context, kCallTimeout));
  }

  Target target;
  std::unique_ptr<proto::Operations::Stub> stub;
};

OperationsClient::OperationsClient(const Target& target)
    : connection_(std::make_unique<Connection>(target)) {}
OperationsClient::OperationsClient(OperationsClient&&) noexcept = default;
OperationsClient::~OperationsClient() = default;

Result<proto::ReloadConfigReply> OperationsClient::reload_config() {
  return connection_->call("ReloadConfig", &proto::Operations::Stub::ReloadConfig,
                           proto::ReloadConfigRequest());
}

Result<proto::ListEventsReply> OperationsClient::list_events(
    const proto::ListEventsRequest& request) {
  return connection_->call("ListEvents", &proto::Operations::Stub::ListEvents, request);
}

Result<proto::BackupSummary> OperationsClient::backup(
    const std::function<Status(const std::string&)>& take) {
  const Target& target = connection_->target;
  grpc::ClientContext context;
  const proto::BackupRequest request;
  const Status prepared = prepare_call(context, target, {"Backup", request, kBackupTimeout});
  if (!prepared) return fail(prepared.error());
  const auto reader = connection_->stub->Backup(&context, request);
  proto::BackupChunk chunk;
  Status taken;
  while (taken && reader->Read(&chunk)) taken = take(chunk.data());
  if (!taken) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!taken) return fail(taken.error());
  if (!status.ok()) return fail(call_error(target, status, context, kBackupTimeout));
  return chunk.summary();
}

Result<OperationsClient> connect_operations(const TargetOptions& options) {
  const auto target = find_target(options);
  if (!target) return fail(target.error());
  return OperationsClient(*target);
}

}  // namespace usine::cli
