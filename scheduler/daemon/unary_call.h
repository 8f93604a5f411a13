// Scaffolding for calls with one request and one answer: a service says how gRPC is asked for the
// next call and what is done with it; this does the rest. Everything here runs on the loop's
// thread, except that a Responder may be moved to any thread and answered there.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include "common/result.h"
#include "proto/convert_users.h"
#include "scheduler/daemon/completion_loop.h"

namespace usine::daemon {

// The part of a call that gives the answer.
template <typename Reply>
class AnswerableCall : public CompletionEvent {
 public:
  AnswerableCall(CompletionLoop& loop) : loop_(loop), writer_(&context_) {}
  virtual ~AnswerableCall() = default;

  // Any thread, once.
  void answer(Result<Reply> reply) {
    loop_.post([this, reply = std::move(reply)] { finish(reply); });
  }

 protected:
  CompletionLoop& loop_;
  grpc::ServerContext context_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;

 private:
  void finish(const Result<Reply>& reply) {
    if (reply) {
      grpc::ByteBuffer bytes;
      bool own = false;
      const grpc::Status made = grpc::SerializationTraits<Reply>::Serialize(*reply, &bytes, &own);
      writer_.Finish(bytes, made, this);
      return;
    }
    context_.AddTrailingMetadata(kErrorMetadata, std::string(to_string(reply.error().code)));
    writer_.FinishWithError(to_grpc_status(reply.error()), this);
  }
};

// The duty to answer one call. Dropped without an answer, it says that the scheduler is not able
// to, so that no caller waits for ever.
template <typename Reply>
class Responder {
 public:
  explicit Responder(AnswerableCall<Reply>* call) : call_(call) {}
  Responder(Responder&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (call_ == nullptr) return;
    (*this)(fail(ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"));
  }

  void operator()(Result<Reply> reply) { std::exchange(call_, nullptr)->answer(std::move(reply)); }

 private:
  AnswerableCall<Reply>* call_;
};

// One kind of call of a service. Requests and answers are bytes here, as they are on the wire.
template <typename Reply>
struct UnaryMethod {
  CompletionLoop& loop;
  // Asks gRPC for the next call of this kind.
  std::function<void(grpc::ServerContext*, grpc::ByteBuffer*,
                     grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>*, void* tag)>
      accept;
  std::function<void(const grpc::ServerContext&, grpc::ByteBuffer, Responder<Reply>)> handle;
};

// One call, from being awaited to its end; it owns itself.
template <typename Reply>
class UnaryCall final : public AnswerableCall<Reply> {
 public:
  using Method = std::shared_ptr<const UnaryMethod<Reply>>;

  // Waits for one call; when it has come, for the next one as well.
  static void listen(const Method& method) {
    auto* const call = new UnaryCall(method);
    method->accept(&call->context_, &call->request_, &call->writer_, call);
  }

  void completed(bool ok) override {
    if (!ok || came_) {
      delete this;
      return;
    }
    came_ = true;
    listen(method_);
    method_->handle(this->context_, std::move(request_), Responder<Reply>(this));
  }

 private:
  explicit UnaryCall(Method method)
      : AnswerableCall<Reply>(method->loop), method_(std::move(method)) {}

  Method method_;
  grpc::ByteBuffer request_;
  bool came_ = false;
};

}  // namespace usine::daemon
