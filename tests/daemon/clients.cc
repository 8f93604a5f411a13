#include "tests/daemon/clients.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include <grpcpp/create_channel.h>

#include "proto/convert_agents.h"
#include "proto/convert_users.h"
#include "topology/discovery/machine.h"

namespace usine::test {
namespace {

constexpr std::chrono::seconds kCallLimit{30};

std::shared_ptr<grpc::Channel> channel_to(const std::string& address) {
  grpc::ChannelArguments arguments;
  // Each client has a connection of its own, as clients in processes of their own do.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string error_word(const grpc::ClientContext& context) {
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto word = trailing.find(kErrorMetadata);
  return word == trailing.end() ? "" : std::string(word->second.data(), word->second.size());
}

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

}  // namespace

proto::SubmitRequest small_job(const std::string& name) {
  proto::SubmitRequest message;
  message.set_script("#!/bin/sh\ntrue\n");
  proto::JobRequest& request = *message.mutable_request();
  request.set_name(name);
  request.set_time_limit_s(600);
  request.set_requeue(true);
  proto::Component& component = *request.add_components();
  component.set_nodes(1);
  component.set_tasks_per_node(1);
  component.set_tasks(1);
  component.set_cores_per_task(1);
  component.mutable_per_node()->set_cores(1);
  request.mutable_launch()->set_script_name("small.sh");
  request.mutable_launch()->set_working_directory("/tmp");
  return message;
}

UserClient::UserClient(const std::string& address, std::string credential)
    : credential_(std::move(credential)), stub_(proto::Users::NewStub(channel_to(address))) {}

template <typename Request, typename Reply>
Result<Reply> UserClient::call(grpc::Status (proto::Users::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&, Reply*),
                               const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
  if (!credential_.empty()) context.AddMetadata(kTokenMetadata, credential_);
  Reply reply;
  const grpc::Status status = (*stub_.*method)(&context, request, &reply);
  if (!status.ok()) return fail(from_grpc_status(status, error_word(context)));
  return reply;
}

Result<proto::SubmitReply> UserClient::submit(const proto::SubmitRequest& request) {
  return call(&proto::Users::Stub::Submit, request);
}

std::uint64_t UserClient::submit_ok(const proto::SubmitRequest& request) {
  return value_or_throw(submit(request)).job();
}

Result<proto::ActReply> UserClient::act_on_jobs(proto::JobAction action,
                                                std::vector<std::uint64_t> jobs) {
  proto::ActOnJobsRequest request;
  request.set_action(action);
  request.mutable_jobs()->Assign(jobs.begin(), jobs.end());
  return call(&proto::Users::Stub::ActOnJobs, request);
}

Result<proto::ActReply> UserClient::act_on_nodes(proto::NodeAction action,
                                                 std::vector<std::string> nodes) {
  proto::ActOnNodesRequest request;
  request.set_action(action);
  request.set_reason("a test");
  request.mutable_nodes()->Assign(nodes.begin(), nodes.end());
  return call(&proto::Users::Stub::ActOnNodes, request);
}

Result<proto::ListJobsReply> UserClient::list_jobs(const proto::ListJobsRequest& request) {
  return call(&proto::Users::Stub::ListJobs, request);
}

Result<proto::JobDetail> UserClient::get_job(std::uint64_t job) {
  proto::GetJobRequest request;
  request.set_job(job);
  return call(&proto::Users::Stub::GetJob, request);
}

Result<proto::JobDetail> UserClient::wait_while(std::uint64_t job,
                                                std::vector<std::string> states) {
  proto::GetJobRequest request;
  request.set_job(job);
  request.set_wait_ms(20'000);
  request.mutable_while_states()->Assign(states.begin(), states.end());
  return call(&proto::Users::Stub::GetJob, request);
}

Result<proto::ActReply> UserClient::update(const proto::UpdateJobsRequest& request) {
  return call(&proto::Users::Stub::UpdateJobs, request);
}

Result<proto::ActReply> UserClient::set_limit(std::uint64_t job, std::int64_t seconds) {
  proto::UpdateJobsRequest request;
  request.add_jobs(job);
  request.set_time_limit_s(seconds);
  return update(request);
}

Result<proto::Explanation> UserClient::explain(std::uint64_t job) {
  proto::ExplainRequest request;
  request.set_job(job);
  return call(&proto::Users::Stub::Explain, request);
}

Result<proto::ListNodesReply> UserClient::list_nodes() {
  return call(&proto::Users::Stub::ListNodes, proto::ListNodesRequest());
}

Result<proto::ListHistoryReply> UserClient::list_history(std::uint64_t job) {
  proto::ListHistoryRequest request;
  request.set_job(job);
  return call(&proto::Users::Stub::ListHistory, request);
}

Result<proto::ClusterInfo> UserClient::cluster() {
  return call(&proto::Users::Stub::GetCluster, proto::GetClusterRequest());
}

FakeAgent::FakeAgent(const std::string& address, const std::string& secret)
    : stub_(proto::Agents::NewStub(channel_to(address))) {
  context_.AddMetadata(kAgentSecretMetadata, secret);
  stream_ = stub_->Connect(&context_);
}

FakeAgent::FakeAgent(const std::string& address, const identity::ClientTls& tls) {
  grpc::ChannelArguments arguments = tls.arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = proto::Agents::NewStub(grpc::CreateCustomChannel(address, tls.credentials, arguments));
  stream_ = stub_->Connect(&context_);
}

void FakeAgent::say(const FromAgent& message) { stream_->Write(to_proto(message)); }

ToAgent FakeAgent::hear() {
  proto::ToAgent message;
  if (!stream_->Read(&message)) throw std::runtime_error("the scheduler closed the stream");
  return value_or_throw(from_proto(message));
}

Welcome FakeAgent::join(const std::string& node, const std::string& machine,
                        const std::vector<AttemptKey>& attempts) {
  auto shape = value_or_throw(discovery::load_machine(machine));
  say(Hello{node, "boot-1", {}, std::make_shared<const NodeShape>(std::move(shape)), attempts});
  return expect<Welcome>();
}

Prepare FakeAgent::agree_to_prepare() {
  Prepare prepare = expect<Prepare>();
  say(Prepared{prepare.key, true, false, {}, "127.0.0.1:7001"});
  return prepare;
}

void FakeAgent::disconnect() {
  if (stream_ == nullptr) return;
  context_.TryCancel();
  stream_->Finish();
  stream_.reset();
}

Error FakeAgent::last_word() {
  proto::ToAgent ignored;
  while (stream_->Read(&ignored)) {
  }
  const grpc::Status status = stream_->Finish();
  stream_.reset();
  return from_grpc_status(status, error_word(context_));
}

}  // namespace usine::test
