#include "benchmarks/scheduling/silent_agents.h"

#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "common/os/files.h"
#include "proto/agents.grpc.pb.h"
#include "proto/convert_agents.h"
#include "proto/convert_users.h"

namespace usine::bench {
namespace {

// Streams share connections, of which the scheduler bounds what is asked at once on each.
constexpr std::size_t kStreamsPerConnection = 200;

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::shared_ptr<grpc::Channel> connect(const std::string& address, std::size_t number) {
  grpc::ChannelArguments arguments;
  // Equal arguments would share one connection.
  arguments.SetInt("usine.connection", static_cast<int>(number));
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct SilentAgents::Stream {
  explicit Stream(const std::shared_ptr<grpc::Channel>& channel)
      : stub(proto::Agents::NewStub(channel)) {}

  std::unique_ptr<proto::Agents::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<proto::FromAgent, proto::ToAgent>> stream;
};

SilentAgents::SilentAgents() = default;
SilentAgents::SilentAgents(SilentAgents&&) noexcept = default;

SilentAgents::~SilentAgents() {
  for (const auto& one : streams_) {
    one->context.TryCancel();
    one->stream->Finish();
  }
}

Result<SilentAgents> SilentAgents::join(const std::filesystem::path& state_folder,
                                        const BusyStore& store) {
  const auto address = os::read_file(state_folder / "scheduler.address");
  if (!address) return fail(address.error());
  const auto secret = os::read_file(state_folder / "agent.secret");
  if (!secret) return fail(secret.error());
  SilentAgents agents;
  std::shared_ptr<grpc::Channel> channel;
  for (const auto& [node, attempts] : store.running) {
    const std::size_t number = agents.streams_.size();
    if (number % kStreamsPerConnection == 0) channel = connect(without_newline(*address), number);
    auto one = std::make_unique<Stream>(channel);
    one->context.AddMetadata(kAgentSecretMetadata, without_newline(*secret));
    one->stream = one->stub->Connect(&one->context);
    // The boot that the store knows, or its jobs would be lost.
    one->stream->Write(to_proto(FromAgent{Hello{node, "boot", {}, store.shape, attempts}}));
    agents.streams_.push_back(std::move(one));
  }
  for (const auto& one : agents.streams_) {
    proto::ToAgent welcome;
    if (one->stream->Read(&welcome)) continue;
    return fail(ErrorCode::kUnavailable,
                "the scheduler has refused an agent: " + one->stream->Finish().error_message());
  }
  return agents;
}

}  // namespace usine::bench
