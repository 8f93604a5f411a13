#include "cli/channel.h"

#include <chrono>

#include <grpcpp/create_channel.h>

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

std::shared_ptr<grpc::Channel> open_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A proxy is for the web; the scheduler is on the cluster's own network.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Else all clients of one process would share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void prepare_call(grpc::ClientContext& context, const Target& target, Millis timeout) {
  context.AddMetadata(kTokenMetadata, target.credential);
  context.set_deadline(std::chrono::system_clock::now() + timeout);
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
  const bool out_of_reach = word.empty() && status.error_code() == grpc::StatusCode::UNAVAILABLE;
  if (!out_of_reach) return from_grpc_status(status, word);
  return {ErrorCode::kUnavailable,
          "the scheduler at " + target.address + " is out of reach: " + target.remedy};
}

}  // namespace usine::cli
