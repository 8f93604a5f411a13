// A scheduler's end of the agents' stream, for tests of the real agent: keeps what agents say,
// sends what the test says, and can go away and come back on its port. Methods are for the test's
// thread; gRPC's threads run the stream.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "model/agent_messages.h"
#include "proto/agents.grpc.pb.h"
#include "proto/convert_agents.h"

namespace usine::test {

class FakeScheduler final : private proto::Agents::Service {
 public:
  explicit FakeScheduler(std::string secret) : secret_(std::move(secret)) { start(); }
  FakeScheduler(const FakeScheduler&) = delete;
  FakeScheduler& operator=(const FakeScheduler&) = delete;
  ~FakeScheduler() override { stop(); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void start();
  void stop();  // breaks every stream and closes the port

  void send(const ToAgent& message);

  // The next message of that kind that no earlier call has returned; others before it are passed
  // over. None where it has not come within a minute.
  template <typename Message>
  [[nodiscard]] std::optional<Message> next() {
    while (auto message = next_message()) {
      if (auto* wanted = std::get_if<Message>(&*message)) return std::move(*wanted);
    }
    return std::nullopt;
  }

  // Waits for a Hello and answers it.
  [[nodiscard]] std::optional<Hello> admit(Welcome welcome);

 private:
  using Stream = grpc::ServerReaderWriter<proto::ToAgent, proto::FromAgent>;

  grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override;
  [[nodiscard]] std::optional<FromAgent> next_message();

  const std::string secret_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  std::mutex mutex_;
  std::condition_variable heard_;
  // Guarded by mutex_.
  std::vector<FromAgent> messages_;
  std::size_t taken_ = 0;  // of messages_, by next()
  Stream* stream_ = nullptr;
  NodeListEncoder lists_;
};

}  // namespace usine::test
