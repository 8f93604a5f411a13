// How a service takes calls whose caller must be proven: for each call that comes the handler gets
// who makes it, or the caller gets the refusal. On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/check.h"
#include "model/caller.h"
#include "scheduler/daemon/caller_gate.h"
#include "scheduler/daemon/unary_call.h"
#include "scheduler/daemon/users_rpc.h"

namespace usine::daemon {

// What came with a call to prove who makes it; the bytes of the request are the caller's to add.
[[nodiscard]] Evidence evidence_of(const grpc::ServerContext& context, const std::string& method);
// With the bytes, where the evidence covers them. Error: kInvalid.
[[nodiscard]] Result<Evidence> evidence_of(const grpc::ServerContext& context,
                                           const std::string& method,
                                           const grpc::ByteBuffer& request);

template <typename Rpc>
struct CallSource {
  Rpc& rpc;
  CompletionLoop& loop;
  CallerGate& gate;
};

// Takes calls of that method of the service. Whatever the handler refers to outlives the loop.
template <typename Request, typename Reply, typename Rpc>
void serve_calls(const CallSource<Rpc>& from, const std::string& method,
                 std::function<void(const Caller&, const Request&, Responder<Reply>)> handler) {
  const auto* const described = Rpc::descriptor().FindMethodByName(method);
  CHECK_THAT(described != nullptr && described->input_type() == Request::descriptor() &&
             described->output_type() == Reply::descriptor());
  const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
  auto kind = std::make_shared<UnaryMethod<Reply>>(UnaryMethod<Reply>{
      from.loop,
      [from, index = described->index()](grpc::ServerContext* context, grpc::ByteBuffer* request,
                                         grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>* writer,
                                         void* tag) {
        from.rpc.accept(index, {context, request, writer, tag}, from.loop.queue());
      },
      [from, method, shared](const grpc::ServerContext& context, grpc::ByteBuffer bytes,
                             Responder<Reply> respond) {
        Result<Evidence> evidence = evidence_of(context, method, bytes);
        if (!evidence) return respond(fail(evidence.error()));
        auto then = [shared, bytes = std::move(bytes),
                     respond = std::move(respond)](Result<Caller> caller) mutable {
          if (!caller) return respond(fail(caller.error()));
          Request request;
          if (!grpc::SerializationTraits<Request>::Deserialize(&bytes, &request).ok()) {
            return respond(fail(ErrorCode::kInvalid, "the request cannot be read"));
          }
          (*shared)(*caller, request, std::move(respond));
        };
        from.gate.prove(*std::move(evidence), std::move(then));
      }});
  from.loop.post([kind] { UnaryCall<Reply>::listen(kind); });
}

}  // namespace usine::daemon
