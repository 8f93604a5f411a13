#include "scheduler/daemon/scheduler.h"

#include <chrono>
#include <unistd.h>
#include <utility>

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include "identity/tls_credentials.h"

namespace usine::daemon {
namespace {

constexpr int kPingIntervalMsMin = 10'000;  // an agent pings every 30 s

// A submission's script and environment at their largest, and room for the rest.
constexpr int kMessageBytesMax =
    static_cast<int>(kScriptBytesMax + kEnvironmentBytesMax) + (2 << 20);

// What all connections together may hold: beyond it gRPC reads no more until there is room.
constexpr std::size_t kRpcBytesMax = std::size_t{2} << 30;
// Calls of one connection at a time; what it asks beyond waits on its own side.
constexpr int kCallsOfOneMax = 256;

// How long calls that are under way have to end when the scheduler stops.
constexpr std::chrono::milliseconds kCallsGrace{500};

// The name by which others reach what listens on `host`: an address that stands for all of this
// machine's is none that could be connected to.
std::string reachable_host(const std::string& host) {
  if (host != "0.0.0.0" && host != "[::]" && host != "*") return host;
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace

Result<std::unique_ptr<Scheduler>> Scheduler::start(Opened opened, const std::string& address,
                                                    std::function<void(const Error&)> failed) {
  std::unique_ptr<Scheduler> scheduler(new Scheduler(std::move(opened)));
  if (const Status listening = scheduler->listen(address); !listening) {
    return fail(listening.error());
  }
  scheduler->build_services();
  scheduler->start_threads(std::move(failed));
  return scheduler;
}

Scheduler::Scheduler(Opened opened)
    : opened_(std::move(opened)),
      clock_(opened_.engine.state().now),
      blobs_([this](const std::string& hash) { return opened_.blobs->read_blob(hash); }),
      reader_(opened_.engine.state(), opened_.recovered_digest, clock_),
      forecaster_(opened_.engine.state(), clock_, reader_, trials_),
      planner_(opened_.engine.state(), clock_, reader_),
      alarm_({opened_.settings.file.listen.state_folder + "/alarms"}, reader_),
      snapshots_(opened_.settings.store, opened_.settings.snapshots,
                 [this](std::string digest) { reader_.publish_digest(std::move(digest)); }),
      event_log_(opened_.engine.state().config),
      committer_(*opened_.journal, opened_.epoch, opened_.engine.state().sequence),
      engine_(std::move(opened_.engine), clock_, committer_) {}

Status Scheduler::listen(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return fail(ErrorCode::kInvalid, "'" + address + "' is not of the form host:port");
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      address,
      opened_.tls ? identity::server_credentials(*opened_.tls) : grpc::InsecureServerCredentials(),
      &port);
  // Without this a second scheduler could share the port and get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Agents ping when they hear nothing; gRPC's default takes that for an attack and hangs up.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMsMin);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetResourceQuota(grpc::ResourceQuota("usine").Resize(kRpcBytesMax));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsOfOneMax);
  builder.RegisterService(&users_rpc_);
  builder.RegisterService(&operations_rpc_);
  builder.RegisterService(&agents_rpc_);
  users_loop_ = std::make_unique<CompletionLoop>(builder.AddCompletionQueue());
  agents_loop_ = std::make_unique<CompletionLoop>(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return fail(ErrorCode::kUnavailable, "cannot listen on " + address +
                                             ": is it another program's, or not this machine's?");
  }
  address_ = reachable_host(address.substr(0, colon)) + ':' + std::to_string(port);
  return {};
}

void Scheduler::build_services() {
  gate_ = std::make_unique<CallerGate>(*opened_.authenticator, *users_loop_);
  users_ = std::make_unique<UsersService>(
      UsersService::Parts{users_rpc_, *users_loop_, *gate_, engine_, reader_, planner_, forecaster_,
                          trials_, alarm_, blobs_, opened_.keys, opened_.history});
  operations_ = std::make_unique<OperationsService>(
      OperationsService::Parts{operations_rpc_, *users_loop_, *gate_, engine_, reader_, background_,
                               opened_.settings, opened_.history});
  agents_ = std::make_unique<AgentService>(
      AgentService::Parts{agents_rpc_, *agents_loop_, engine_, blobs_, opened_.keys,
                          opened_.agent_secret, opened_.tls.has_value()});
}

void Scheduler::start_threads(std::function<void(const Error&)> failed) {
  reader_.start();
  trials_.start();
  forecaster_.start();
  snapshots_.start();
  event_log_.start();
  background_.start();
  committer_.start({{&reader_, &planner_, &forecaster_, &snapshots_, &event_log_, agents_.get()},
                    agents_.get(),
                    std::move(failed)});
  engine_.start();
  planner_.start(engine_, committer_);
  alarm_.start();
  agents_loop_->start();
  users_loop_->start();
  gate_->start();
  agents_->start();
  users_->start();
  operations_->start();
  spdlog::info("event=serving address={} epoch={} tls={}", address_, opened_.epoch.value,
               opened_.tls.has_value());
}

void Scheduler::stop() {
  if (server_ == nullptr) return;
  // From where commands come in to where answers go out, so that each part empties into the next.
  gate_->stop();
  engine_.stop();
  committer_.stop();
  planner_.stop();
  alarm_.stop();
  background_.stop();
  forecaster_.stop();
  trials_.stop();
  reader_.stop();
  snapshots_.stop();
  event_log_.stop();
  server_->Shutdown(std::chrono::system_clock::now() + kCallsGrace);
  users_loop_->stop();
  agents_loop_->stop();
  server_.reset();
  spdlog::info("event=stopped epoch={}", opened_.epoch.value);
}

}  // namespace usine::daemon
