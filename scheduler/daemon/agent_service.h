// The agents' side of the scheduler: admits their streams, turns what they say into commands and
// sends them what was decided, once it is committed. Everything of it lives on one loop's thread;
// send() and what the committer answers are posted there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/convert_agents.h"
#include "scheduler/daemon/agent_stream.h"
#include "scheduler/daemon/blob_store.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/replica.h"
#include "scheduler/daemon/secrets.h"

namespace usine::daemon {

class AgentService final : public AgentOutlet, public Replica, private AgentStream::Owner {
 public:
  struct Parts {
    proto::Agents::AsyncService& service;
    CompletionLoop& loop;
    EngineThread& engine;
    BlobStore& blobs;
    const JobKeys& keys;
    std::string secret;         // what agents prove themselves by
    bool certificates = false;  // but for those, where there is TLS
  };

  explicit AgentService(Parts parts) : parts_(std::move(parts)) {}

  // Begins to take streams; the server runs.
  void start();

  void send(std::vector<AgentEffect> effects) override;
  // Cuts off whose lease has ended: the node is taken for lost until its agent says Hello anew.
  void take(const AppliedRows& rows) override;

 private:
  void stream_opened(AgentStream& stream) override;
  void stream_received(AgentStream& stream, const proto::FromAgent& message) override;
  void stream_broken(AgentStream& stream) override;
  void stream_closed(AgentStream& stream) override;

  void listen();
  [[nodiscard]] Status admit(const AgentStream& stream) const;
  void hear(AgentStream& stream, Hello hello);
  void hear(AgentStream& stream, const Heartbeat&);
  void hear(AgentStream& stream, Prepared report);
  void hear(AgentStream& stream, Ended report);

  // Has the engine decide on something a stream said, and its answer come back to that stream.
  void tell(const AgentStream& stream, Command command, Attached attached = {});
  void answered(AgentStream::Number number, const std::string& node_name, Result<Reply> reply);
  void cut(NodeId node);
  void bind(AgentStream& stream, NodeId node);
  void send_to(NodeId node, ToAgent message);
  void write(AgentStream& stream, ToAgent message);
  [[nodiscard]] Status fill(Prepare& prepare);

  Parts parts_;
  NodeListEncoder node_lists_;
  AgentStream::Number next_number_ = 1;
  std::map<AgentStream::Number, std::unique_ptr<AgentStream>> streams_;
  std::map<NodeId, AgentStream::Number> by_node_;
  // The stream that said Hello last, by the node it named: what breaks before its Hello is answered
  // must not count as the end of a newer one.
  std::map<std::string, AgentStream::Number> newest_by_name_;
};

}  // namespace usine::daemon
