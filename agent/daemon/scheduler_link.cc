#include "agent/daemon/scheduler_link.h"

#include <chrono>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <spdlog/spdlog.h>

#include "agent/daemon/backoff.h"
#include "common/check.h"
#include "identity/tls_credentials.h"
#include "proto/agents.grpc.pb.h"
#include "proto/convert_agents.h"

namespace usine::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Rpc = grpc::ClientAsyncReaderWriter<proto::FromAgent, proto::ToAgent>;

// What came back from the completion queue; there is one stream at a time, so the operation says it
// all.
enum class Tag : std::intptr_t { kCalled = 1, kRead, kWritten, kFinished, kWake };

void* as_pointer(Tag tag) { return reinterpret_cast<void*>(tag); }

// A broken connection is noticed within these two, also when its other end has vanished.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

// A channel per stream: a channel that outlives its connection has a back-off of its own.
std::shared_ptr<grpc::Channel> make_channel(const SchedulerLink::Options& options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  grpc::ChannelArguments arguments;
  if (options.proof.tls) {
    identity::ClientTls tls = identity::agent_tls(*options.proof.tls);
    credentials = std::move(tls.credentials);
    arguments = std::move(tls.arguments);
  }
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
  return grpc::CreateCustomChannel(options.address, credentials, arguments);
}

gpr_timespec never() { return gpr_inf_future(GPR_CLOCK_MONOTONIC); }

// A change of the wall clock must not move the next attempt, so gRPC gets its own monotonic time.
gpr_timespec monotonic(SteadyClock::time_point at) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - SteadyClock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(left.count(), GPR_TIMESPAN));
}

// One stream, from the attempt to connect until gRPC has given back everything of it.
struct Stream {
  std::uint64_t number = 0;
  std::unique_ptr<proto::Agents::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<Rpc> rpc;
  proto::ToAgent incoming;
  proto::FromAgent outgoing;
  grpc::Status status;
  bool up = false;
  bool reading = false;
  bool writing = false;
  bool finishing = false;
};

}  // namespace

class SchedulerLink::Worker {
 public:
  Worker(Options options, Deliver deliver)
      : options_(std::move(options)),
        deliver_(std::move(deliver)),
        backoff_({}, options_.seed),
        thread_([this] { run(); }) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake();
    }
    thread_.join();
  }

  void send(std::uint64_t stream, FromAgent message) {
    const std::lock_guard lock(mutex_);
    if (stream != open_stream_) return;
    if (unsent_.size() >= kUnsentMax) {
      leave_stream_ = stream;
    } else {
      unsent_.push_back(std::move(message));
    }
    wake();
  }

  void leave(std::uint64_t stream) {
    const std::lock_guard lock(mutex_);
    leave_stream_ = stream;
    wake();
  }

 private:
  // Under mutex_. One event in the queue at a time: an alarm that is set must not be set again.
  void wake() {
    if (std::exchange(wake_pending_, true)) return;
    alarm_.Set(&queue_, gpr_time_0(GPR_CLOCK_REALTIME), as_pointer(Tag::kWake));
  }

  void run();
  void on_event(Tag tag, bool ok);
  void connect();
  void on_called(bool ok);
  void on_read(bool ok);
  void on_written(bool ok);
  void on_finished();
  void on_wake();
  void write_next();
  void finish_when_quiet();

  const Options options_;
  const Deliver deliver_;

  // The worker thread's own.
  grpc::CompletionQueue queue_;
  std::unique_ptr<Stream> stream_;
  std::uint64_t last_number_ = 0;
  Backoff backoff_;
  SteadyClock::time_point connect_at_{};
  bool ending_ = false;

  std::mutex mutex_;
  // Guarded by mutex_.
  grpc::Alarm alarm_;
  bool wake_pending_ = false;
  std::deque<FromAgent> unsent_;
  std::uint64_t open_stream_ = 0;   // 0: none takes messages
  std::uint64_t leave_stream_ = 0;  // 0: none is to be left
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

void SchedulerLink::Worker::run() {
  while (!ending_ || stream_) {
    if (!stream_ && SteadyClock::now() >= connect_at_) connect();
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue_.AsyncNext(&tag, &ok, stream_ ? never() : monotonic(connect_at_));
    CHECK_THAT(next != grpc::CompletionQueue::SHUTDOWN);
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      on_event(static_cast<Tag>(reinterpret_cast<std::intptr_t>(tag)), ok);
    }
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void SchedulerLink::Worker::on_event(Tag tag, bool ok) {
  switch (tag) {
    case Tag::kCalled: return on_called(ok);
    case Tag::kRead: return on_read(ok);
    case Tag::kWritten: return on_written(ok);
    case Tag::kFinished: return on_finished();
    case Tag::kWake: return on_wake();
  }
}

void SchedulerLink::Worker::connect() {
  if (ending_) return;
  stream_ = std::make_unique<Stream>();
  stream_->number = ++last_number_;
  stream_->stub = proto::Agents::NewStub(make_channel(options_));
  if (!options_.proof.tls) {
    stream_->context.AddMetadata("usine-agent-secret", options_.proof.secret);
  }
  stream_->rpc = stream_->stub->PrepareAsyncConnect(&stream_->context, &queue_);
  stream_->rpc->StartCall(as_pointer(Tag::kCalled));
}

void SchedulerLink::Worker::on_called(bool ok) {
  if (!ok || ending_) {
    stream_->context.TryCancel();
    return finish_when_quiet();
  }
  stream_->up = true;
  {
    const std::lock_guard lock(mutex_);
    unsent_.clear();
    open_stream_ = stream_->number;
  }
  deliver_({stream_->number, StreamUp{}});
  stream_->reading = true;
  stream_->rpc->Read(&stream_->incoming, as_pointer(Tag::kRead));
}

void SchedulerLink::Worker::on_read(bool ok) {
  stream_->reading = false;
  if (!ok) {
    stream_->context.TryCancel();
    return finish_when_quiet();
  }
  backoff_.reset();
  Result<ToAgent> message = from_proto(stream_->incoming);
  if (message) {
    deliver_({stream_->number, *std::move(message)});
  } else {
    // From a newer scheduler, which finds out by the answer that does not come.
    spdlog::error("event=unreadable_message error=\"{}\"", message.error().message);
  }
  stream_->reading = true;
  stream_->rpc->Read(&stream_->incoming, as_pointer(Tag::kRead));
}

void SchedulerLink::Worker::on_written(bool ok) {
  stream_->writing = false;
  if (!ok) stream_->context.TryCancel();
  if (!stream_->reading) return finish_when_quiet();
  if (ok) write_next();
}

void SchedulerLink::Worker::on_finished() {
  const std::uint64_t number = stream_->number;
  const std::string reason = stream_->status.error_message();
  stream_.reset();
  {
    const std::lock_guard lock(mutex_);
    open_stream_ = 0;
    if (leave_stream_ == number) backoff_.give_time();
    unsent_.clear();
  }
  connect_at_ = SteadyClock::now() + backoff_.next();
  deliver_({number, StreamDown{reason}});
}

void SchedulerLink::Worker::on_wake() {
  bool leave = false;
  {
    const std::lock_guard lock(mutex_);
    wake_pending_ = false;
    ending_ = stopping_;
    leave = ending_ || (stream_ && leave_stream_ == stream_->number);
  }
  if (!stream_) return;
  if (leave) stream_->context.TryCancel();
  write_next();
}

void SchedulerLink::Worker::write_next() {
  if (!stream_->up || stream_->writing || !stream_->reading) return;
  {
    const std::lock_guard lock(mutex_);
    if (unsent_.empty()) return;
    const FromAgent message = std::move(unsent_.front());
    unsent_.pop_front();
    stream_->outgoing = to_proto(message);
  }
  stream_->writing = true;
  stream_->rpc->Write(stream_->outgoing, as_pointer(Tag::kWritten));
}

void SchedulerLink::Worker::finish_when_quiet() {
  if (stream_->reading || stream_->writing || std::exchange(stream_->finishing, true)) return;
  stream_->rpc->Finish(&stream_->status, as_pointer(Tag::kFinished));
}

SchedulerLink::SchedulerLink(Options options, Deliver deliver)
    : worker_(std::make_unique<Worker>(std::move(options), std::move(deliver))) {}

SchedulerLink::~SchedulerLink() = default;

void SchedulerLink::send(std::uint64_t stream, FromAgent message) {
  worker_->send(stream, std::move(message));
}

void SchedulerLink::leave(std::uint64_t stream) { worker_->leave(stream); }

}  // namespace usine::agent
