// The two kinds of caller of a scheduler, for tests: a user with a token, and an agent without a
// node behind it that says what the test wants. Calls wait for their answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "common/result.h"
#include "identity/tls_credentials.h"
#include "model/agent_messages.h"
#include "proto/agents.grpc.pb.h"
#include "proto/users.grpc.pb.h"

namespace usine::test {

// A script that one core of one node runs; good for any cluster.
[[nodiscard]] proto::SubmitRequest small_job(const std::string& name = "small");

class UserClient {
 public:
  UserClient(const std::string& address, std::string credential);

  Result<proto::SubmitReply> submit(const proto::SubmitRequest& request);
  // The id of a job that must be accepted.
  std::uint64_t submit_ok(const proto::SubmitRequest& request);
  Result<proto::ActReply> act_on_jobs(proto::JobAction action, std::vector<std::uint64_t> jobs);
  Result<proto::ActReply> act_on_nodes(proto::NodeAction action, std::vector<std::string> nodes);
  Result<proto::ListJobsReply> list_jobs(const proto::ListJobsRequest& request = {});
  Result<proto::JobDetail> get_job(std::uint64_t job);
  // Long poll while the job is in one of the states.
  Result<proto::JobDetail> wait_while(std::uint64_t job, std::vector<std::string> states);
  Result<proto::ActReply> update(const proto::UpdateJobsRequest& request);
  Result<proto::ActReply> set_limit(std::uint64_t job, std::int64_t seconds);
  Result<proto::Explanation> explain(std::uint64_t job);
  Result<proto::ListNodesReply> list_nodes();
  Result<proto::ListHistoryReply> list_history(std::uint64_t job);
  Result<proto::ClusterInfo> cluster();

 private:
  template <typename Request, typename Reply>
  Result<Reply> call(grpc::Status (proto::Users::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Reply*),
                     const Request& request);

  std::string credential_;
  std::unique_ptr<proto::Users::Stub> stub_;
};

class FakeAgent {
 public:
  FakeAgent(const std::string& address, const std::string& secret);
  // By its certificate.
  FakeAgent(const std::string& address, const identity::ClientTls& tls);
  ~FakeAgent() { disconnect(); }

  void say(const FromAgent& message);
  // As it is on the wire.
  void say(const proto::FromAgent& message) { stream_->Write(message); }
  // The next message, which must come and be of this kind.
  template <typename Message>
  Message expect() {
    return std::get<Message>(hear());
  }
  // The next message of this kind, past any others: what is told again after a Hello, say.
  template <typename Message>
  Message await() {
    while (true) {
      const ToAgent message = hear();
      if (const auto* const wanted = std::get_if<Message>(&message)) return *wanted;
    }
  }
  [[nodiscard]] ToAgent hear();

  // Says Hello with the shape of a shipped machine and takes the Welcome.
  Welcome join(const std::string& node, const std::string& machine,
               const std::vector<AttemptKey>& attempts = {});
  // Agrees to the next Prepare, whose attempt it returns.
  Prepare agree_to_prepare();

  void disconnect();
  // After the scheduler has closed the stream: what it said.
  [[nodiscard]] Error last_word();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<proto::Agents::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<proto::FromAgent, proto::ToAgent>> stream_;
};

}  // namespace usine::test
