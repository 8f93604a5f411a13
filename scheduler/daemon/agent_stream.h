// One connection of an agent: reads its messages one after the other, and writes ours one at a time
// in their order. Lives on the loop's thread; its owner destroys it once it says that it is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include "common/ids.h"
#include "common/result.h"
#include "proto/agents.grpc.pb.h"
#include "scheduler/daemon/completion_loop.h"

namespace usine::daemon {

class AgentStream {
 public:
  // Messages that wait to be written. An agent that does not take them is cut off: it says Hello
  // again and is brought up to date.
  static constexpr std::size_t kWaitingMessagesMax = 20'000;
  static constexpr std::size_t kWaitingBytesMax = std::size_t{64} << 20;

  // Names a stream for as long as the scheduler runs.
  using Number = std::uint64_t;

  class Owner {
   public:
    virtual void stream_opened(AgentStream& stream) = 0;
    virtual void stream_received(AgentStream& stream, const proto::FromAgent& message) = 0;
    // The peer is gone or was sent away; stream_closed follows once nothing of it is under way.
    virtual void stream_broken(AgentStream& stream) = 0;
    virtual void stream_closed(AgentStream& stream) = 0;

   protected:
    ~Owner() = default;
  };

  AgentStream(Number number, Owner& owner) : number_(number), owner_(owner) {}

  // Waits for an agent to connect.
  void listen(proto::Agents::AsyncService& service, CompletionLoop& loop);

  [[nodiscard]] Number number() const { return number_; }
  [[nodiscard]] const grpc::ServerContext& context() const { return context_; }

  std::string node_name;       // as its Hello says
  std::uint32_t protocol = 0;  // the same; 0: of version 1
  // The node it speaks for, once it was admitted.
  std::optional<NodeId> node;

  [[nodiscard]] bool is_broken() const { return broken_; }

  // Dropped where the stream is broken.
  void write(proto::ToAgent message);

  // Tells the peer why and ends the stream.
  void refuse(const Error& error);
  // Ends the stream without a word.
  void cut();

 private:
  // One of the operations of which at most one is under way.
  class Operation final : public CompletionEvent {
   public:
    Operation(AgentStream& stream, void (AgentStream::*then)(bool))
        : stream_(stream), then_(then) {}
    // To be given to gRPC as the tag.
    void* begin() {
      under_way_ = true;
      return this;
    }
    [[nodiscard]] bool is_under_way() const { return under_way_; }
    void completed(bool ok) override {
      under_way_ = false;
      (stream_.*then_)(ok);
    }

   private:
    AgentStream& stream_;
    void (AgentStream::*then_)(bool);
    bool under_way_ = false;
  };

  void connected(bool ok);
  void have_read(bool ok);
  void have_written(bool ok);
  void have_finished(bool ok);
  void write_next();
  void mark_broken();
  void end_if_idle();

  Number number_;
  Owner& owner_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<proto::ToAgent, proto::FromAgent> stream_{&context_};
  Operation connect_{*this, &AgentStream::connected};
  Operation read_{*this, &AgentStream::have_read};
  Operation write_{*this, &AgentStream::have_written};
  Operation finish_{*this, &AgentStream::have_finished};
  proto::FromAgent incoming_;
  std::deque<proto::ToAgent> waiting_;  // the first is being written
  std::size_t waiting_bytes_ = 0;       // of those
  grpc::Status last_word_ = grpc::Status::OK;
  bool broken_ = false;        // nothing more is read or written
  bool finish_begun_ = false;  // only once broken
};

}  // namespace usine::daemon
