#include "cli/channel.h"

#include <chrono>

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>

#include "identity/munge.h"
#include "identity/request_proof.h"
#include "identity/tls_credentials.h"
#include "proto/convert_users.h"

namespace usine::cli {
namespace {

// Far above the largest script and environment together.
constexpr int kMessageBytesMax = 16 << 20;

std::string word_of(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(kErrorMetadata);
  return found == trailers.end() ? "" : std::string(found->second.data(), found->second.size());
}

}  // namespace

std::shared_ptr<grpc::Channel> open_channel(const Target& target) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  grpc::ChannelArguments arguments;
  if (!target.authority.empty()) {
    // A handshake that fails is told in our one line and not in gRPC's own as well.
    gpr_set_log_function([](gpr_log_func_args*) {});
    identity::ClientTls tls = identity::user_tls(target.authority);
    credentials = std::move(tls.credentials);
    arguments = std::move(tls.arguments);
  }
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A proxy is for the web; the scheduler is on the cluster's own network.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Else all clients of one process would share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target.address, credentials, arguments);
}

Status prepare_call(grpc::ClientContext& context, const Target& target, const CallPlan& plan) {
  context.set_deadline(std::chrono::system_clock::now() + plan.timeout);
  if (!target.munge) {
    context.AddMetadata(kTokenMetadata, target.credential);
    return {};
  }
  const auto munge = identity::Munge::open({target.munge->socket});
  if (!munge) return fail(munge.error());
  const std::string bytes = plan.request.SerializeAsString();
  const auto credential =
      munge->encode(identity::request_proof({target.munge->cluster, plan.method, bytes}));
  if (!credential) return fail(credential.error());
  context.AddMetadata(kMungeMetadata, *credential);
  return {};
}

Error call_error(const Target& target, const grpc::Status& status,
                 const grpc::ClientContext& context, Millis timeout) {
  const std::string word = word_of(context);
  if (word.empty() && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {ErrorCode::kUnavailable,
            "the scheduler at " + target.address + " has not answered within " +
                std::to_string(timeout.count() / 1000) +
                " s, it is overloaded or hangs: try again later; what was asked may still be "
                "done, so look first (`usine queue`)"};
  }
  if (word.empty() && status.error_message().find("handshake failed") != std::string::npos) {
    return {ErrorCode::kUnavailable,
            "what answers at " + target.address +
                " is not the scheduler of this cluster, or has no certificate of its CA: see `tls` "
                "in the cluster file"};
  }
  const bool out_of_reach = word.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE;
  if (!out_of_reach) return from_grpc_status(status, word);
  return {ErrorCode::kUnavailable,
          "the scheduler at " + target.address + " is out of reach: " + target.remedy};
}

}  // namespace usine::cli
