// What all clients of the scheduler share: how they connect, and what an error of a call means to
// the user.
#pragma once

#include <memory>
#include <string>

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "cli/target.h"
#include "common/result.h"
#include "common/time.h"

namespace usine::cli {

[[nodiscard]] std::shared_ptr<grpc::Channel> open_channel(const Target& target);

struct CallPlan {
  const char* method;  // its name in the service
  const google::protobuf::Message& request;
  Millis timeout;
};

// Proves who calls, for that call alone, and gives it so much time. Error: kIo, kUnavailable where
// MUNGE on this machine does not work.
[[nodiscard]] Status prepare_call(grpc::ClientContext& context, const Target& target,
                                  const CallPlan& plan);

// Of a call that has failed: kUnavailable with the address where nobody answered, or not in time,
// else as the scheduler said.
[[nodiscard]] Error call_error(const Target& target, const grpc::Status& status,
                               const grpc::ClientContext& context, Millis timeout);

}  // namespace usine::cli
