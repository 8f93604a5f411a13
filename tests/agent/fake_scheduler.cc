#include "tests/agent/fake_scheduler.h"

#include <chrono>

namespace usine::test {
namespace {

constexpr std::chrono::seconds kWithin{60};

}  // namespace

void FakeScheduler::start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<proto::Agents::Service*>(this));
  server_ = builder.BuildAndStart();
  port_ = port;
}

void FakeScheduler::stop() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

grpc::Status FakeScheduler::Connect(grpc::ServerContext* context, Stream* stream) {
  const auto secret = context->client_metadata().find("usine-agent-secret");
  if (secret == context->client_metadata().end() || secret->second != secret_) {
    return {grpc::StatusCode::UNAUTHENTICATED, "the agent's secret is not the cluster's"};
  }
  {
    const std::lock_guard lock(mutex_);
    stream_ = stream;
  }
  proto::FromAgent message;
  while (stream->Read(&message)) {
    auto converted = from_proto(message);
    if (!converted) break;
    const std::lock_guard lock(mutex_);
    messages_.push_back(*std::move(converted));
    heard_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  if (stream_ == stream) stream_ = nullptr;
  return grpc::Status::OK;
}

void FakeScheduler::send(const ToAgent& message) {
  const std::lock_guard lock(mutex_);
  if (stream_ != nullptr) stream_->Write(to_proto(message, lists_));
}

std::optional<FromAgent> FakeScheduler::next_message() {
  std::unique_lock lock(mutex_);
  if (!heard_.wait_for(lock, kWithin, [this] { return taken_ < messages_.size(); })) {
    return std::nullopt;
  }
  return messages_[taken_++];
}

std::optional<Hello> FakeScheduler::admit(Welcome welcome) {
  auto hello = next<Hello>();
  if (hello) send(std::move(welcome));
  return hello;
}

}  // namespace usine::test
