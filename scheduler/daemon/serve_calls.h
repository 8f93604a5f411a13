// How a service takes calls whose caller must be proven: for each call that comes the handler gets
// who makes it, or the caller gets the refusal. On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "model/caller.h"
#include "scheduler/daemon/authentication.h"
#include "scheduler/daemon/unary_call.h"

namespace usine::daemon {

// Who makes the call, by the credential that came with it. Error: kPermission.
[[nodiscard]] inline Result<Caller> caller_of(const Authenticator& authenticator,
                                              const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto token = metadata.find(kTokenMetadata);
  if (token == metadata.end()) return authenticator.authenticate({});
  return authenticator.authenticate({token->second.data(), token->second.size()});
}

// `accept` is what asks gRPC for the next call of this kind: a Request... member of the generated
// service with that service bound to it. Whatever it, the handler and the authenticator refer to
// outlives the loop.
template <typename Request, typename Reply, typename Accept>
void serve_calls(CompletionLoop& loop, const Authenticator& authenticator, Accept accept,
                 std::function<void(const Caller&, const Request&, Responder<Reply>)> handler) {
  auto method = std::make_shared<UnaryMethod<Request, Reply>>(UnaryMethod<Request, Reply>{
      loop,
      [&loop, accept](grpc::ServerContext* context, Request* request,
                      grpc::ServerAsyncResponseWriter<Reply>* writer, void* tag) {
        grpc::ServerCompletionQueue* const queue = &loop.queue();
        accept(context, request, writer, queue, queue, tag);
      },
      [&authenticator, handler = std::move(handler)](
          const grpc::ServerContext& context, const Request& request, Responder<Reply> respond) {
        const Result<Caller> caller = caller_of(authenticator, context);
        if (!caller) {
          respond(fail(caller.error()));
          return;
        }
        handler(*caller, request, std::move(respond));
      }});
  loop.post([method] { UnaryCall<Request, Reply>::listen(method); });
}

}  // namespace usine::daemon
