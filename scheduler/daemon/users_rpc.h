// The services that users call, with requests and answers as the bytes that they are on the wire: a
// caller's credential covers those bytes, and they are read once it has been proven.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include "proto/operations.grpc.pb.h"
#include "proto/users.grpc.pb.h"

namespace usine::daemon {

// Where a call that comes is put.
struct CallSlot {
  grpc::ServerContext* context;
  grpc::ByteBuffer* request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>* writer;
  void* tag;
};

// `Api`: a generated service. Calls with a stream of answers keep their types.
template <typename Api>
class ServiceRpc final : public Api::Service {
 public:
  ServiceRpc() {
    for (int i = 0; i < descriptor().method_count(); ++i) {
      if (descriptor().method(i)->server_streaming()) {
        this->MarkMethodAsync(i);
      } else {
        this->MarkMethodRaw(i);
      }
    }
  }

  [[nodiscard]] static const google::protobuf::ServiceDescriptor& descriptor() {
    return *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
        Api::service_full_name());
  }

  // Asks gRPC for the next call of that method, by its place in the service.
  void accept(int method, const CallSlot& slot, grpc::ServerCompletionQueue& queue) {
    this->RequestAsyncUnary(method, slot.context, slot.request, slot.writer, &queue, &queue,
                            slot.tag);
  }

  template <typename Request, typename Reply>
  struct StreamSlot {
    grpc::ServerContext* context;
    Request* request;
    grpc::ServerAsyncWriter<Reply>* writer;
    void* tag;
  };
  template <typename Request, typename Reply>
  void accept_stream(int method, const StreamSlot<Request, Reply>& slot,
                     grpc::ServerCompletionQueue& queue) {
    this->RequestAsyncServerStreaming(method, slot.context, slot.request, slot.writer, &queue,
                                      &queue, slot.tag);
  }
};

using UsersRpc = ServiceRpc<proto::Users>;
using OperationsRpc = ServiceRpc<proto::Operations>;

}  // namespace usine::daemon
