#include "benchmarks/agents/agent_fleet.h"

#include <deque>
#include <set>
#include <utility>
#include <variant>

#include <grpcpp/grpcpp.h>

#include "agent/core/agent_core.h"
#include "agent/daemon/backoff.h"
#include "common/os/files.h"
#include "config/cluster_file.h"
#include "proto/agents.grpc.pb.h"
#include "proto/convert_agents.h"
#include "proto/convert_users.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;
using Rpc = grpc::ClientAsyncReaderWriter<proto::FromAgent, proto::ToAgent>;

Time steady_now() {
  return Time(std::chrono::duration_cast<Millis>(steady_clock::now().time_since_epoch()));
}

// As agent/daemon/scheduler_link.cc makes its own: a connection for each agent and stream.
std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

struct Member;

enum class Step : std::uint8_t { kCalled, kRead, kWritten, kFinished };

// What a tag on the queue is.
struct Tag {
  Member* member;
  Step step;
};

struct Stream {
  std::unique_ptr<proto::Agents::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<Rpc> rpc;
  proto::ToAgent incoming;
  proto::FromAgent outgoing;
  grpc::Status status;
  bool reading = false;
  bool writing = false;
  bool finishing = false;
};

// One agent. `stream` is none while it waits to connect again.
struct Member {
  Member(agent::Identity identity, std::uint64_t seed)
      : core(std::move(identity), {}), backoff({}, seed) {}

  agent::AgentCore core;
  agent::Backoff backoff;
  std::unique_ptr<Stream> stream;
  std::deque<FromAgent> unsent;
  std::set<AttemptKey> heads;  // of attempts in hand: those whose script runs here
  bool welcomed = false;
  std::optional<Time> wake;  // as it stands in the agenda
  Time connect_at{};
  Tag called{this, Step::kCalled};
  Tag read{this, Step::kRead};
  Tag written{this, Step::kWritten};
  Tag finished{this, Step::kFinished};
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<FleetPlan> plan_for(const OwnScheduler& scheduler) {
  const auto address = os::read_file(scheduler.folder() / "scheduler.address");
  if (!address) return fail(address.error());
  const auto secret = os::read_file(scheduler.folder() / "agent.secret");
  if (!secret) return fail(secret.error());
  const auto file = config::load_cluster_file(scheduler.folder() / "cluster.yaml");
  if (!file) return fail(discovery::to_error(file.error()));
  FleetPlan plan{first_line(*address), first_line(*secret), {}, {}};
  for (const ConfiguredNode& node : file->cluster.nodes) plan.nodes.push_back(node.name);
  plan.shape = std::make_shared<const NodeShape>(file->cluster.classes.front().shape);
  return plan;
}

struct AgentFleet::Impl {
  explicit Impl(FleetPlan to) : plan(std::move(to)) {
    for (const std::string& node : plan.nodes) {
      agent::Identity identity{node, "boot-1", {}, plan.shape, {}};
      members.push_back(std::make_unique<Member>(std::move(identity), members.size() + 1));
      set_wake(*members.back(), steady_now());
    }
  }

  void set_wake(Member& member, std::optional<Time> at) {
    if (member.wake) agenda.erase({*member.wake, &member});
    member.wake = at;
    if (at) agenda.insert({*at, &member});
  }

  void connect(Member& member) {
    ++attempts;
    ++streams;
    set_wake(member, std::nullopt);
    member.stream = std::make_unique<Stream>();
    Stream& stream = *member.stream;
    stream.stub = proto::Agents::NewStub(make_channel(plan.address));
    stream.context.AddMetadata(kAgentSecretMetadata, plan.secret);
    stream.rpc = stream.stub->PrepareAsyncConnect(&stream.context, &queue);
    stream.rpc->StartCall(&member.called);
  }

  void handle(Member& member, agent::Input input) {
    std::deque<agent::Input> inputs;
    inputs.push_back(std::move(input));
    while (!inputs.empty()) {
      outputs.clear();
      member.core.handle(inputs.front(), steady_now(), outputs);
      inputs.pop_front();
      for (agent::Output& output : outputs) {
        if (auto answer = do_for(member, output)) inputs.push_back(*std::move(answer));
      }
    }
    go_on(member);
  }

  void tick(Member& member, Time now) {
    outputs.clear();
    member.core.tick(now, outputs);
    for (agent::Output& output : outputs) static_cast<void>(do_for(member, output));
    go_on(member);
  }

  // What the core wants done, and what a shepherd would say to that.
  std::optional<agent::Input> do_for(Member& member, agent::Output& output) {
    if (auto* const send = std::get_if<agent::Send>(&output)) {
      member.unsent.push_back(std::move(send->message));
    } else if (const auto* const spawn = std::get_if<agent::SpawnShepherd>(&output)) {
      const Prepare& prepare = *spawn->prepare;
      ++jobs_in_hand;
      if (prepare.this_node == 0) member.heads.insert(prepare.key);
      return agent::ShepherdReady{prepare.key, true, false, {}, "127.0.0.1:1"};
    } else if (const auto* const start = std::get_if<agent::StartShepherd>(&output)) {
      if (!member.heads.contains(start->key)) return std::nullopt;
      if (plan.script_starts) plan.script_starts();
      return agent::ShepherdEnded{{start->key, {EndCause::kExited, 0, 0, {}}, Millis{1}, 0}};
    } else if (const auto* const stop = std::get_if<agent::StopShepherd>(&output)) {
      return agent::ShepherdEnded{{stop->key, {EndCause::kStopped, 0, 0, {}}, Millis{1}, 0}};
    } else if (const auto* const remove = std::get_if<agent::RemoveAttempt>(&output)) {
      --jobs_in_hand;
      member.heads.erase(remove->key);
    }
    return std::nullopt;
  }

  void go_on(Member& member) {
    write_next(member);
    if (member.stream && !ending) set_wake(member, member.core.next_tick());
  }

  void write_next(Member& member) {
    if (!member.stream || member.stream->writing || !member.stream->reading) return;
    if (member.unsent.empty()) return;
    member.stream->outgoing = to_proto(member.unsent.front());
    member.unsent.pop_front();
    member.stream->writing = true;
    member.stream->rpc->Write(member.stream->outgoing, &member.written);
  }

  void on_called(Member& member, bool ok) {
    if (!ok) return finish_when_quiet(member);
    member.stream->reading = true;
    member.stream->rpc->Read(&member.stream->incoming, &member.read);
    handle(member, agent::Connected{});
  }

  void on_read(Member& member, bool ok) {
    member.stream->reading = false;
    if (!ok) return finish_when_quiet(member);
    member.backoff.reset();
    if (auto message = from_proto(member.stream->incoming)) {
      if (std::holds_alternative<Welcome>(*message) && !std::exchange(member.welcomed, true)) {
        ++welcomed;
      }
      handle(member, agent::FromScheduler{*std::move(message)});
    }
    member.stream->reading = true;
    member.stream->rpc->Read(&member.stream->incoming, &member.read);
    write_next(member);
  }

  void on_written(Member& member, bool ok) {
    member.stream->writing = false;
    if (!ok) member.stream->context.TryCancel();
    if (!member.stream->reading) return finish_when_quiet(member);
    write_next(member);
  }

  void finish_when_quiet(Member& member) {
    Stream& stream = *member.stream;
    if (stream.reading || stream.writing || std::exchange(stream.finishing, true)) return;
    stream.rpc->Finish(&stream.status, &member.finished);
  }

  void on_finished(Member& member) {
    if (std::exchange(member.welcomed, false)) --welcomed;
    member.stream.reset();
    --streams;
    member.unsent.clear();
    handle(member, agent::Disconnected{});
    set_wake(member, ending ? std::nullopt : std::optional(steady_now() + member.backoff.next()));
  }

  void on_event(const Tag& tag, bool ok) {
    Member& member = *tag.member;
    switch (tag.step) {
      case Step::kCalled: return on_called(member, ok);
      case Step::kRead: return on_read(member, ok);
      case Step::kWritten: return on_written(member, ok);
      case Step::kFinished: return on_finished(member);
    }
  }

  void pass_time() {
    const Time now = steady_now();
    while (!agenda.empty() && agenda.begin()->first <= now) {
      Member& member = *agenda.begin()->second;
      if (!member.stream) {
        connect(member);
        continue;
      }
      tick(member, now);
    }
  }

  // One event or one moment of time, at the latest at `until`.
  void live_on(steady_clock::time_point until) {
    auto wake = until;
    if (!agenda.empty()) {
      wake = std::min(wake, steady_clock::time_point(agenda.begin()->first.time_since_epoch()));
    }
    const auto left = std::max(steady_clock::duration::zero(), wake - steady_clock::now());
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + left);
    if (next == grpc::CompletionQueue::GOT_EVENT) on_event(*static_cast<Tag*>(tag), ok);
    pass_time();
  }

  FleetPlan plan;
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Member>> members;
  std::set<std::pair<Time, Member*>> agenda;  // who is to connect or to beat, and when
  std::vector<agent::Output> outputs;         // of the input at hand
  std::size_t welcomed = 0;
  std::size_t attempts = 0;
  std::size_t jobs_in_hand = 0;
  std::size_t streams = 0;  // from the attempt to connect until all of it is over
  bool ending = false;
};

AgentFleet::AgentFleet(FleetPlan plan) : impl_(std::make_unique<Impl>(std::move(plan))) {}

AgentFleet::~AgentFleet() {
  impl_->ending = true;
  impl_->agenda.clear();
  for (const auto& member : impl_->members) {
    member->wake.reset();
    if (member->stream) member->stream->context.TryCancel();
  }
  while (impl_->streams > 0) impl_->live_on(steady_clock::now() + std::chrono::seconds(1));
  impl_->queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (impl_->queue.Next(&tag, &ok)) {
  }
}

bool AgentFleet::live_until(const std::function<bool()>& enough,
                            std::chrono::milliseconds longest) {
  const auto deadline = steady_clock::now() + longest;
  while (!enough()) {
    if (steady_clock::now() >= deadline) return false;
    impl_->live_on(deadline);
  }
  return true;
}

std::size_t AgentFleet::welcomed() const { return impl_->welcomed; }
std::size_t AgentFleet::attempts() const { return impl_->attempts; }
std::size_t AgentFleet::jobs_in_hand() const { return impl_->jobs_in_hand; }

}  // namespace usine::bench
